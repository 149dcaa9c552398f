import Foundation
public import Redis

/// A redis-server with a replica.
public struct ReplicatedRedis: Sendable {
    public let primary: RedisServer
    public let replica: RedisServer

    /// Starts both, and waits until the replica follows.
    public static func start() async throws -> ReplicatedRedis {
        try await following(try await RedisServer.start(["--repl-diskless-sync-delay", "0"]))
    }

    /// Starts a replica of a server, and waits until it follows.
    public static func following(_ primary: RedisServer) async throws -> ReplicatedRedis {
        let replica = try await RedisServer.start(["--replicaof", "127.0.0.1", String(primary.port)])
        let servers = ReplicatedRedis(primary: primary, replica: replica)
        let client = try primary.client()
        defer { client.close() }
        // A replica counts before it has loaded what it was sent; a write shows that it has.
        try await eventually("the replica follows") {
            let replies = await client.send([Command("SET", "probe", "1"), Command("DEL", "probe"), Command("WAIT", "1", "100")])
            return replies[2] == .success(.integer(1))
        }
        return servers
    }

    /// Whether somebody waits for the replica at the moment.
    public func isAwaited() async throws -> Bool {
        let client = try primary.client()
        defer { client.close() }
        return try await client.send("CLIENT", "LIST").asText().split(separator: "\n").contains {
            $0.contains("flags=b") && $0.contains("cmd=wait")
        }
    }

    /// SIGKILL of the primary, then the replica takes its place. What the primary wrote and had not sent is lost.
    public func failOver() async throws {
        primary.kill()
        replica.signal(SIGCONT)
        let client = try replica.client()
        defer { client.close() }
        try await eventually("the replica is promoted") {
            await client.send([Command("REPLICAOF", "NO", "ONE")])[0] == .success(.text("OK"))
        }
    }
}

extension RedisClient {
    /// How often the server has run a command since it started.
    public func calls(of command: String) async throws -> Int {
        let lines = try await send("INFO", "commandstats").asText().split(separator: "\r\n")
        let line = lines.first { $0.hasPrefix("cmdstat_\(command):calls=") }
        return line.flatMap { Int($0.drop { $0 != "=" }.dropFirst().prefix { $0 != "," }) } ?? 0
    }
}
