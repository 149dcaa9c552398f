import Foundation
import NIOCore
public import Redis
public import TestSupport

/// A deployment whose every connection goes through a proxy: visitor to gateway, gateway to services, Book to Museum, each process to
/// Redis.
public final class FaultDeployment: Sendable {
    /// A process and the wires that lead to and from it.
    public struct Process: Sendable {
        public let role: String
        public let name: String
        public let process: MuseumProcess
        /// `nil` where Redis is several servers: Sentinel and Cluster tell their addresses.
        public let toRedis: FaultProxy?
        /// In front of its own port.
        public let entrance: FaultProxy
    }

    public let setup: FaultSetup
    public let redis: any RedisTopology
    public let services: [Process]
    /// Connects to Redis without a proxy, for the checker.
    public let client: RedisClient
    let files: FaultFiles
    /// The exhibitions there are, and what staff have done to each.
    let state = FaultState()
    /// Bookings whose seats were reserved by the harness and that nobody records.
    let orphans = LockedBox<Set<String>>([])
    /// Well-formed events that the harness has added to streams, as `stream id`: no service wrote them, so the model skips
    /// them.
    let addedEvents = LockedBox<Set<String>>([])
    /// Violations that a fault observed while it was active.
    let findings = LockedBox<[Violation]>([])
    /// Poison that has been put into streams, by stream id.
    let poisoned = LockedBox<[PoisonEntry]>([])
    /// How long bookings stopped at each failover.
    public let gaps = FailoverGaps()
    /// Spans before and during failovers. What was acknowledged then may be lost, unless it was replicated first.
    let losses = LockedBox<[Loss]>([])
    /// Primaries that have lost the other servers, by address, and since when.
    let isolated = LockedBox<[String: ContinuousClock.Instant]>([:])
    /// When the log was last cut short: what was answered before may be lost.
    let forgotten = LockedBox<ContinuousClock.Instant?>(nil)
    /// The injected faults with their times, for the trace of a violation.
    let journal = LockedBox<[String]>([])
    private let opened = ContinuousClock.now
    /// Spans in which the clients' entrance was out of order.
    let troubles = LockedBox<[(from: ContinuousClock.Instant, to: ContinuousClock.Instant)]>([])

    public static func open(_ setup: FaultSetup, random: inout SeededRandom) async throws -> FaultDeployment {
        let files = try FaultFiles(setup)
        let redis = try await files.startRedis(setup)
        var options = RedisOptions()
        options.commandTimeout = .seconds(10)
        options.clientName = "faults"
        let client = try redis.client(options)
        var services: [Process] = []
        switch setup.layout {
        case .one:
            services.append(
                try await service(MuseumProcess.allRoles, 1, to: [:], setup, redis: redis, files: files, random: &random))
        case .services:
            var urls: [String: [String]] = [:]
            // Book is told where Museum is, the gateway where all are.
            for role in ["museum", "book", "confirm", "mypage", "gateway"] {
                for number in role == "gateway" ? 1...1 : 1...2 {
                    let service = try await service(
                        [role], number, to: urls, setup, redis: redis, files: files, random: &random)
                    services.append(service)
                    urls[role, default: []].append("http://127.0.0.1:\(service.entrance.port)")
                }
            }
        }
        let deployment = FaultDeployment(setup: setup, redis: redis, services: services, client: client, files: files)
        for service in services { try service.process.begin() }
        for service in services { try await service.process.waitUntilReady(within: .seconds(60)) }
        return deployment
    }

    private static func service(
        _ roles: [String], _ number: Int, to urls: [String: [String]], _ setup: FaultSetup, redis: any RedisTopology,
        files: FaultFiles, random: inout SeededRandom
    ) async throws -> Process {
        let ports = try MuseumProcess.freePorts()
        let role = roles.count == 1 ? roles[0] : "gateway"
        let user = roles.count == 1 ? role : nil
        var toRedis: FaultProxy?
        var environment = files.environment
        environment["REDIS_URL"] = redis.url(of: user)
        if let server = redis as? RedisServer {
            let wire = try await FaultProxy.open(to: server.port, seed: random.next())
            environment["REDIS_URL"] = "redis://\(user.map { "\($0):\($0)@" } ?? "")127.0.0.1:\(wire.port)"
            toRedis = wire
        }
        if setup.durability == .replicated { environment["DURABILITY"] = setup.durability.rawValue }
        let entrance = try await FaultProxy.open(to: ports[role] ?? 0, seed: random.next())
        environment["INSTANCE_ID"] = String(number)
        environment["PARTITIONS"] = "2"
        environment["LOG_LEVEL"] = "warning"
        for (role, port) in ports { environment["\(role.uppercased())_PORT"] = String(port) }
        for (role, urls) in urls { environment["\(role.uppercased())_URL"] = urls.joined(separator: ",") }
        let process = try MuseumProcess(roles: roles, ports: ports, environment: environment)
        return Process(role: role, name: "\(role)-\(number)", process: process, toRedis: toRedis, entrance: entrance)
    }

    private init(setup: FaultSetup, redis: any RedisTopology, services: [Process], client: RedisClient, files: FaultFiles) {
        self.setup = setup
        self.redis = redis
        self.services = services
        self.client = client
        self.files = files
    }

    /// The process that visitors speak to.
    var gateway: Process { services[services.count - 1] }
    public var visitor: Visitor { Visitor("http://127.0.0.1:\(gateway.entrance.port)") }

    var wires: [FaultProxy] { services.compactMap(\.toRedis) + services.map(\.entrance) }

    /// Clients of each server that accepts writes: for commands without a key.
    func primaries() async throws -> [RedisClient] {
        switch redis {
        case let sentinel as SentinelServers: [try await sentinel.primary().admin]
        case let cluster as ClusterServers: try await cluster.primaries().map(\.admin)
        default: [client]
        }
    }

    /// Ends every fault and waits until every process is ready.
    public func heal() async throws {
        for wire in wires { wire.set(.forwarding) }
        redis.signal(SIGCONT)
        for service in services { service.process.signal(SIGCONT) }
        try files.growDisk()
        if NetworkPartition.isPossible { try NetworkPartition.heal() }
        if !redis.servers.allSatisfy(\.isRunning) { try await redis.launch() }
        if let group = redis as? any RedisGroup { try await group.waitUntilHealthy(within: .seconds(60)) }
        for server in redis.servers {
            _ = try await server.send("CLIENT", "UNPAUSE")
            _ = try await server.send("CONFIG", "SET", "maxmemory", "0")
        }
        for service in services where !service.process.isRunning { try service.process.begin() }
        for service in services { try await service.process.waitUntilReady(within: .seconds(60)) }
    }

    /// `skmuseum audit`, as an operator runs it.
    public func audit(wait: String) async throws -> (code: Int32, output: String) {
        let environment = ["REDIS_URL": redis.url]
        let operating = try MuseumProcess(roles: [], ports: [:], environment: environment)
        return try await operating.run("audit", "--wait", wait, within: .seconds(180))
    }

    public func close() async {
        for service in services { service.process.kill() }
        redis.kill()
        client.close()
        for wire in wires { await wire.close() }
        files.remove()
    }

    func note(_ what: String) {
        let moment = Int((ContinuousClock.now - opened) / .milliseconds(1))
        journal.update { $0.append("\(moment) ms  \(what)") }
    }

    /// Records a violation that a fault observed.
    func find(_ name: String, _ what: String) { findings.update { $0.append(Violation(booking: name, what: what)) } }

    /// Whether something that was answered then may have been lost with the end of the log, or at a failover.
    func mayHaveForgotten(_ moment: ContinuousClock.Instant?) -> Bool {
        guard let moment else { return false }
        if let cut = forgotten.value, moment <= cut { return true }
        return setup.durability == .local
            && losses.value.contains { loss in
                loss.from <= moment && loss.to.map { moment <= $0 } ?? true
            }
    }

    /// Whether anything at all may have been lost, or may be at the next failover.
    var mayForget: Bool { forgotten.value != nil || setup.mayLoseReservations }

    /// Waits until nothing that was sent is on its way any more.
    func drain() async throws {
        do {
            try await eventually("what was late has arrived", within: .seconds(15)) { wires.allSatisfy(\.isDrained) }
        } catch {
            let waiting = wires.filter { !$0.isDrained }.map { "\($0.port): \($0.mode), \($0.counts)" }
            throw Failed("\(error); still on its way through \(waiting.joined(separator: "; "))")
        }
    }

    /// Whether the entrance was open all the time from then to now.
    func entranceWasOpen(since start: ContinuousClock.Instant) -> Bool {
        troubles.value.allSatisfy { $0.to < start }
    }
}
