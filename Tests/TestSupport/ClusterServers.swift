import Foundation
import Redis

/// A Redis cluster of three primaries with one or more replicas each, every node on a loopback address of its own.
public final class ClusterServers: RedisGroup {
    /// After this a primary that does not reply is replaced.
    public static let nodeTimeout = Duration.seconds(2)

    public let servers: [RedisServer]
    /// How many each primary has.
    private let replicas: Int

    /// - Parameters:
    ///   - options: further redis-server options.
    ///   - replicas: how many each primary has. With one, there is none left after a failover.
    public static func start(_ options: [String] = [], replicas: Int = 1) async throws -> ClusterServers {
        let group = try ClusterServers(options, replicas: replicas)
        do {
            try await group.launch()
            try group.create()
            try await group.waitUntilHealthy()
        } catch {
            group.kill()
            throw error
        }
        return group
    }

    private init(_ options: [String], replicas: Int) throws {
        self.replicas = replicas
        // The cluster bus has the port 10,000 above.
        let ports = try FreePorts.take(3 + 3 * replicas, andAbove: 10_000)
        servers = try ports.enumerated().map { index, port in
            let address = "127.0.1.\(index + 1)"
            let own = [
                "--bind-source-addr", address, "--cluster-announce-ip", address, "--protected-mode", "no",
                "--repl-diskless-sync-delay", "0", "--cluster-enabled", "yes", "--cluster-allow-replica-migration", "no",
                "--cluster-node-timeout",
                String(Int(Self.nodeTimeout / .milliseconds(1))),
            ]
            return try RedisServer(options + own, environment: [:], address: address, port: port)
        }
    }

    /// The first three become primaries.
    private func create() throws {
        let folder = servers[0].folder.url
        let creating = try ChildProcess(
            "redis-cli",
            ["--cluster", "create"] + servers.map(\.host) + ["--cluster-replicas", String(replicas), "--cluster-yes"],
            folder: folder, output: folder.appendingPathComponent("create.log"))
        guard creating.waitForEnd() == 0 else { throw Failed("redis-cli --cluster create: \(creating.printed())") }
    }

    public var nodes: [RedisServer] { servers }

    public func url(of user: String?) -> String {
        "redis+cluster://\(Self.credentials(of: user))\(servers.map(\.host).joined(separator: ","))"
    }

    public func launch() async throws { try await launchAll(servers) }

    public func launch(_ server: RedisServer) async throws { try await server.launch() }

    /// The hash slot of a partition's keys.
    public func slot(of partition: String) async throws -> Int {
        for server in servers where server.isResponding {
            if let slot = try? await server.send("CLUSTER", "KEYSLOT", "{\(partition)}").asInteger() { return slot }
        }
        throw Failed("no node of the cluster replies")
    }

    /// The primary that most nodes name.
    public func primary(of partition: String) async throws -> RedisServer {
        let slot = try await slot(of: partition)
        let named = await withTaskGroup(of: String?.self) { group in
            for server in servers where server.isResponding {
                group.addTask { try? await ClusterNode.all(server).first { $0.serves(slot) }?.host }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        guard let primary = servers.first(where: { server in named.count { $0 == server.host } > servers.count / 2 }) else {
            throw Failed("the nodes name no primary of slot \(slot): \(named)")
        }
        return primary
    }

    /// Every server that is a primary with slots, as a healthy cluster says.
    public func primaries() async throws -> [RedisServer] {
        let hosts = Set(try await ClusterNode.all(servers[0]).filter { !$0.slots.isEmpty }.map(\.host))
        return servers.filter { hosts.contains($0.host) }
    }

    public func failOver(_ partition: String) async throws {
        let old = try await primary(of: partition)
        let nodes = try await ClusterNode.all(old)
        let id = nodes.first { $0.host == old.host }?.id
        guard let replica = servers.first(where: { server in nodes.contains { $0.host == server.host && $0.primary == id } })
        else { throw Failed("\(old.host) has no replica") }
        _ = try await replica.send("CLUSTER", "FAILOVER")
        try await eventually("the replica is primary, and the others know", within: .seconds(20)) {
            guard (try? await primary(of: partition)) === replica else { return false }
            let roles = [try await replica.info("role"), try await old.info("role")]
            return roles == ["master", "slave"]
        }
    }

    public func waitUntilHealthy(within limit: Duration = .seconds(60)) async throws {
        try await eventually("every node says that the cluster is whole", within: limit, every: .milliseconds(100)) {
            (try? await isHealthy()) ?? false
        }
    }

    private func isHealthy() async throws -> Bool {
        guard servers.allSatisfy(\.isRunning) else { return false }
        var primaries: Set<Set<String>> = []
        for server in servers {
            let info = try await server.send("CLUSTER", "INFO").asText()
            guard info.contains("cluster_state:ok"), info.contains("cluster_slots_ok:16384") else { return false }
            let nodes = try await ClusterNode.all(server)
            guard nodes.count == servers.count, nodes.allSatisfy(\.isFine) else { return false }
            guard nodes.count(where: { $0.primary != nil }) == 3 * replicas else { return false }
            primaries.insert(Set(nodes.filter { !$0.slots.isEmpty }.map(\.host)))
            if try await server.info("role") == "slave" {
                guard try await server.info("master_link_status") == "up" else { return false }
            } else {
                guard try await server.info("connected_slaves") == String(replicas) else { return false }
            }
        }
        return primaries.count == 1
    }
}
