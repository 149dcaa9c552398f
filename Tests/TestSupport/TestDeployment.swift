import Foundation
public import Redis

/// The whole museum as five processes around one redis-server, or around several that fail over.
public final class TestDeployment: Sendable {
    public let redis: any RedisTopology
    public let processes: [String: MuseumProcess]

    public static func open(redis options: [String] = [], environment: [String: String] = [:]) async throws -> TestDeployment {
        try await open(on: try await RedisServer.start(options), environment: environment)
    }

    /// - Parameter redis: already started.
    public static func open(on redis: any RedisTopology, environment: [String: String] = [:]) async throws -> TestDeployment {
        let ports = try MuseumProcess.freePorts()
        var processes: [String: MuseumProcess] = [:]
        for role in MuseumProcess.allRoles {
            processes[role] = try await MuseumProcess.start([role], ports: ports, redis: redis, environment: environment)
        }
        return TestDeployment(redis: redis, processes: processes)
    }

    private init(redis: any RedisTopology, processes: [String: MuseumProcess]) {
        self.redis = redis
        self.processes = processes
    }

    public subscript(role: String) -> MuseumProcess { processes[role]! }

    /// A client of the gateway.
    public var visitor: Visitor { Visitor(self["gateway"].url("gateway")) }

    /// `skmuseum audit`, as an operator runs it.
    public func audit(wait: String = "20s") async throws -> (code: Int32, output: String) {
        try await self["book"].run("audit", "--wait", wait)
    }

    /// SIGKILL of everything at once.
    public func killAll() {
        for process in processes.values { process.signal(SIGKILL) }
        redis.signal(SIGKILL)
        for process in processes.values { process.kill() }
        redis.kill()
    }

    public func relaunchAll() async throws {
        try await redis.launch()
        for role in MuseumProcess.allRoles { try await self[role].launch() }
    }
}

extension RedisClient {
    /// Every hash below a pattern, field by field: what a replay may not change.
    public func hashes(_ pattern: String = "*") async throws -> [String: [String: String]] {
        var hashes: [String: [String: String]] = [:]
        for key in try await send("KEYS", pattern).asTexts() where try await send("TYPE", key).asText() == "hash" {
            hashes[key] = try await send("HGETALL", key).asFields()
        }
        return hashes
    }
}
