import Foundation
import Redis
import Synchronization
import TestSupport
import Testing

/// A client that asks real Sentinels for the primary.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct SentinelClientTests {
    @Test func theClientFollowsThePrimary() async throws {
        let group = try await SentinelServers.start()
        defer { group.kill() }
        var options = RedisOptions()
        let changes = Mutex(0)
        options.onPrimaryChange = { _, _, _ in changes.withLock { $0 += 1 } }
        let client = try group.client(options)
        defer { client.close() }
        _ = try await client.send("SET", "k", "1")
        let reader = try await client.dedicatedConnection(for: "k")

        // The former primary runs on, as a replica; a read that blocks on it would never end.
        let former = try await group.primary(of: "a")
        try await group.failOver("a")
        try await eventually("the client writes to the new primary") {
            (try? await client.send("INCR", "k").asInteger()).map { $0 >= 2 } ?? false
        }
        try await eventually("the connection to the former primary is closed") {
            _ = try await client.send("GET", "k")
            return !reader.isActive
        }
        #expect(former.isRunning && changes.withLock { $0 } == 1)

        // One Sentinel that hangs is not waited for.
        let sentinel = try #require(group.nodes.first { node in !group.servers.contains { $0 === node } })
        sentinel.signal(SIGSTOP)
        defer { sentinel.signal(SIGCONT) }
        let other = try group.client()
        defer { other.close() }
        #expect(try await other.send("GET", "k").asInteger() >= 2)
    }

    @Test func aMissingNameIsSaid() async throws {
        let group = try await SentinelServers.start()
        defer { group.kill() }
        let url = group.url(of: nil)
        let wrong = RedisClient(try RedisEndpoint(url: String(url[..<url.lastIndex(of: "/")!]) + "/other"))
        defer { wrong.close() }
        await #expect { try await wrong.send("GET", "k") } throws: { "\($0)".contains("knows no primary other") }
    }
}
