import Redis

/// A primary, two replicas and three sentinels, each on a loopback address of its own. One sentinel may be missing.
public final class SentinelServers: RedisGroup {
    /// What the sentinels call the primary.
    public static let name = "museum"
    /// After this a primary that does not reply is replaced.
    public static let downAfter = Duration.seconds(1)

    public let servers: [RedisServer]
    public let sentinels: [RedisServer]
    /// The primary that was found last, for when all sentinels are gone.
    private let lastPrimary = LockedBox(0)

    /// - Parameter options: further redis-server options, for the primary and the replicas.
    public static func start(_ options: [String] = []) async throws -> SentinelServers {
        let group = try SentinelServers(options)
        do {
            try await group.launch()
            try await group.waitUntilHealthy()
        } catch {
            group.kill()
            throw error
        }
        return group
    }

    private init(_ options: [String]) throws {
        let ports = try FreePorts.take(6)
        func own(_ address: String) -> [String] { ["--bind-source-addr", address, "--protected-mode", "no"] }
        servers = try (0..<3).map { index in
            let address = "127.0.1.\(index + 1)"
            return try RedisServer(
                options + own(address) + ["--repl-diskless-sync-delay", "0"], environment: [:], address: address,
                port: ports[index])
        }
        let conf = """
            sentinel monitor \(Self.name) \(servers[0].address) \(servers[0].port) 2
            sentinel down-after-milliseconds \(Self.name) \(Int(Self.downAfter / .milliseconds(1)))
            sentinel failover-timeout \(Self.name) 3000
            sentinel parallel-syncs \(Self.name) 2

            """
        sentinels = try (3..<6).map { index in
            let address = "127.0.1.\(index + 8)"
            return try RedisServer(
                own(address), environment: [:], address: address, port: ports[index], sentinelConf: conf)
        }
    }

    public var nodes: [RedisServer] { servers + sentinels }

    public func url(of user: String?) -> String {
        let hosts = sentinels.map(\.host).joined(separator: ",")
        return "redis+sentinel://\(Self.credentials(of: user))\(hosts)/\(Self.name)"
    }

    public func launch() async throws {
        try await launchAll(servers)
        try await launchAll(sentinels)
    }

    /// A sentinel demotes an old primary only ten seconds after it has returned. Who starts it again tells it what it is.
    public func launch(_ server: RedisServer) async throws {
        let primary = (try? await primary()) ?? servers[lastPrimary.value]
        let isReplica = servers.contains { $0 === server } && primary !== server
        try await server.launch(adding: isReplica ? ["--replicaof", "\(primary.address) \(primary.port)"] : [])
        // As deploy/redis/start-sentinel does. It is not kept over a restart.
        if sentinels.contains(where: { $0 === server }) { _ = try await server.send("SENTINEL", "DEBUG", "ping-period", "200") }
    }

    public func primary(of partition: String) async throws -> RedisServer { try await primary() }

    /// The primary that at least two sentinels name.
    public func primary() async throws -> RedisServer {
        let running = sentinels.filter(\.isResponding)
        let named = await withTaskGroup(of: Int?.self) { group in
            for sentinel in running {
                group.addTask {
                    try? await sentinel.send("SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self.name).asTexts().last.flatMap { Int($0) }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        guard let index = servers.firstIndex(where: { server in named.count { $0 == server.port } >= 2 }) else {
            throw Failed("the sentinels name no primary: \(named)")
        }
        lastPrimary.value = index
        return servers[index]
    }

    /// Clients can't write meanwhile: the old primary accepts writes until it is told to follow, and these would be lost. A
    /// sentinel tells it only ten seconds later.
    public func failOver(_ partition: String) async throws {
        let old = try await primary()
        _ = try await old.send("CLIENT", "PAUSE", "10000", "WRITE")
        try await eventually("the replicas have everything") { try await isReplicated(old) }
        _ = try await sentinels[0].send("SENTINEL", "FAILOVER", Self.name)
        try await eventually("another one is primary", within: .seconds(20)) {
            let primary = try? await primary()
            return primary != nil && primary !== old
        }
        let new = try await primary()
        _ = try await old.send("REPLICAOF", new.address, String(new.port))
        _ = try await old.send("CLIENT", "UNPAUSE")
    }

    /// Whether each replica has all that the primary has written.
    private func isReplicated(_ primary: RedisServer) async throws -> Bool {
        let offset = try await primary.info("master_repl_offset")
        for server in servers where server !== primary {
            if try await server.info("slave_repl_offset") != offset { return false }
        }
        return true
    }

    public func waitUntilHealthy(within limit: Duration = .seconds(60)) async throws {
        try await eventually(
            "every replica follows the primary, every sentinel knows all", within: limit, every: .milliseconds(100)
        ) {
            (try? await isHealthy()) ?? false
        }
    }

    private func isHealthy() async throws -> Bool {
        guard nodes.allSatisfy(\.isRunning) else { return false }
        let primary = try await primary()
        guard try await primary.info("role") == "master", try await primary.info("connected_slaves") == "2" else { return false }
        for server in servers where server !== primary {
            guard try await server.info("master_port") == String(primary.port),
                try await server.info("master_link_status") == "up"
            else { return false }
        }
        for sentinel in sentinels {
            let known = try await sentinel.send("SENTINEL", "MASTER", Self.name).asFields()
            guard known["flags"] == "master", known["num-slaves"] == "2", known["num-other-sentinels"] == "2" else {
                return false
            }
            let replicas = try await sentinel.send("SENTINEL", "REPLICAS", Self.name).asArray().map { try $0.asFields() }
            guard replicas.allSatisfy({ $0["flags"] == "slave" && $0["master-link-status"] == "ok" }) else { return false }
        }
        return true
    }
}
