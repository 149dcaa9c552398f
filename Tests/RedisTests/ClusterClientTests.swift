import Foundation
import Redis
import TestSupport
import Testing

/// A client of a real cluster, whose slots move and whose nodes change their roles.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ClusterClientTests {
    private static let setBoth = Script(
        name: "set-both", source: "#!lua\nredis.call('SET', KEYS[1], ARGV[1])\nredis.call('SET', KEYS[2], ARGV[1])\nreturn 'DONE'"
    )

    @Test func commandsGoToTheirPrimariesAndFollowThem() async throws {
        let cluster = try await ClusterServers.start()
        defer { cluster.kill() }
        let client = try cluster.client()
        defer { client.close() }

        let tags = (0..<20).map { "{\($0)}" }
        let written = await client.send(tags.map { Command("SET", $0, $0) } + [Command("TIME")])
        #expect(written.count == 21 && written.prefix(20).allSatisfy { $0 == .success(.text("OK")) })
        #expect(await client.send(tags.map { Command("GET", $0) }) == tags.map { .success(.text($0)) })
        #expect(
            await client.sendToEachPrimary(Command("PING")).map(\.reply) == Array(repeating: .success(.text("PONG")), count: 3))

        // The slot of `a` begins to move: one key is at the target, the other and new ones are not.
        let (source, others) = (try await cluster.primary(of: "a"), try await cluster.primaries())
        let target = try #require(others.first { $0 !== source })
        _ = await client.send([Command("SET", "{a}1", "old"), Command("SET", "{a}2", "old"), Command("SET", "{a}3", "old")])
        let reader = try await client.dedicatedConnection(for: "{a}1")
        let slot = String(try await cluster.slot(of: "a"))
        let (from, to) = (try await source.send("CLUSTER", "MYID").asText(), try await target.send("CLUSTER", "MYID").asText())
        _ = try await target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", from)
        _ = try await source.send("CLUSTER", "SETSLOT", slot, "MIGRATING", to)
        _ = try await source.send(["MIGRATE", target.address, String(target.port), "{a}1", "0", "5000"])
        #expect(try await client.send("GET", "{a}1") == .text("old"), "ASK is followed")
        #expect(try await client.send("GET", "{a}2") == .text("old"))

        // A script with a key on each side gets TRYAGAIN until the slot has moved.
        async let both = client.send(Command(Self.setBoth, keys: ["{a}1", "{a}2"], arguments: ["new"]))
        try await eventually("the script was refused") {
            let stats = try await source.send("INFO", "errorstats").asText()
            return stats.contains("errorstat_TRYAGAIN")
        }
        _ = try await source.send(["MIGRATE", target.address, String(target.port), "", "0", "5000", "KEYS", "{a}2", "{a}3"])
        for server in [target, source] { _ = try await server.send("CLUSTER", "SETSLOT", slot, "NODE", to) }
        #expect(try await both == .text("DONE"))

        // MOVED is followed, by a transaction too, and what was connected to the former primary is closed.
        #expect(
            await client.send([Command("MULTI"), Command("GET", "{a}1"), Command("GET", "{a}2"), Command("EXEC")]).last
                == .success(.array([.text("new"), .text("new")])))
        try await eventually("the connection to the former primary is closed") {
            _ = try await client.send("GET", "{a}1")
            return !reader.isActive
        }
        let again = try await client.dedicatedConnection(for: "{a}1")
        #expect(try await again.send("GET", "{a}3") == .text("old"))
    }

    @Test func anotherNodeTakesOver() async throws {
        let cluster = try await ClusterServers.start()
        defer { cluster.kill() }
        let client = try cluster.client()
        defer { client.close() }
        _ = try await client.send("SET", "{a}", "1")
        let reader = try await client.dedicatedConnection(for: "{a}")
        let former = try await cluster.primary(of: "a")
        try await cluster.failOver("a")
        #expect(try await cluster.primary(of: "a") !== former)
        #expect(try await client.send("INCR", "{a}") == .integer(2))
        try await eventually("the connection to the former primary is closed") {
            _ = try await client.send("GET", "{a}")
            return !reader.isActive
        }

        // A primary that hangs is replaced.
        let primary = try await cluster.primary(of: "a")
        primary.signal(SIGSTOP)
        defer { primary.signal(SIGCONT) }
        let start = ContinuousClock.now
        try await eventually("the replica has taken over", within: .seconds(20)) {
            (try? await client.send("GET", "{a}")) == .text("2")
        }
        #expect(ContinuousClock.now - start > .seconds(1), "the node was replaced after its timeout")
    }
}
