import FaultInjection
import TestSupport

/// A whole deployment, in one process or in five, behind a Redis that a test can slow down or stop.
struct ProxiedDeployment {
    let redis: RedisServer
    let proxy: FaultProxy
    let processes: [MuseumProcess]
    let gateway: Visitor

    static func start(fiveProcesses: Bool, environment: [String: String] = [:]) async throws -> ProxiedDeployment {
        let redis = try await RedisServer.start()
        let proxy = try await FaultProxy.open(to: redis.port, seed: 1)
        let ports = try MuseumProcess.freePorts()
        var environment = environment
        environment["REDIS_URL"] = "redis://127.0.0.1:\(proxy.port)"
        var processes: [MuseumProcess] = []
        for roles in fiveProcesses ? MuseumProcess.allRoles.map({ [$0] }) : [MuseumProcess.allRoles] {
            processes.append(
                try await MuseumProcess.start(roles, ports: ports, redis: redis, environment: environment))
        }
        return ProxiedDeployment(
            redis: redis, proxy: proxy, processes: processes, gateway: Visitor("http://127.0.0.1:\(ports["gateway"]!)"))
    }

    func visitor(_ role: String) -> Visitor { Visitor(processes[0].url(role)) }

    func process(_ role: String) -> MuseumProcess { processes.first { $0.roles.contains(role) }! }
}
