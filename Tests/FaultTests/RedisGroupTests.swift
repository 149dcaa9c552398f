import Foundation
import Redis
import TestSupport
import Testing

/// The groups of servers that other tests use: they fail over, and become healthy again.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RedisGroupTests {
    enum Topology: String, CaseIterable {
        case sentinel, cluster

        func start() async throws -> any RedisGroup {
            switch self {
            case .sentinel: try await SentinelServers.start()
            case .cluster: try await ClusterServers.start()
            }
        }
    }

    @Test(arguments: Topology.allCases)
    func aKilledPrimaryIsReplacedAndReturnsAsAReplica(_ topology: Topology) async throws {
        let group = try await topology.start()
        defer { group.kill() }
        let old = try await group.primary(of: "a")
        _ = try await old.send("SET", "{a}kept", "1")
        #expect(try await old.send("WAIT", "1", "2000").asInteger() >= 1)
        let start = ContinuousClock.now
        old.kill()
        try await eventually("another one is primary", within: .seconds(20)) {
            let primary = try? await group.primary(of: "a")
            return primary != nil && primary !== old
        }
        print("\(topology): a killed primary was replaced after \(ContinuousClock.now - start)")
        let new = try await group.primary(of: "a")
        try await eventually("the new one takes writes") { (try? await new.send("SET", "{a}new", "1")) != nil }
        #expect(try await new.send("GET", "{a}kept") == .text("1"))
        try await group.launch(old)
        try await group.waitUntilHealthy(within: .seconds(60))
        #expect(try await old.info("role") == "slave")
        #expect(try await group.primary(of: "a") === new)
    }

    @Test(arguments: Topology.allCases)
    func aStoppedPrimaryIsReplacedAndFollowsWhenItGoesOn(_ topology: Topology) async throws {
        let group = try await topology.start()
        defer { group.kill() }
        let old = try await group.primary(of: "b")
        old.signal(SIGSTOP)
        try await eventually("another one is primary", within: .seconds(20)) {
            let primary = try? await group.primary(of: "b")
            return primary != nil && primary !== old
        }
        old.signal(SIGCONT)
        if topology == .sentinel { #expect(try await old.info("role") == "master", "it still takes itself for the primary") }
        let start = ContinuousClock.now
        try await group.waitUntilHealthy(within: .seconds(60))
        print("\(topology): a stopped primary followed after \(ContinuousClock.now - start)")
        #expect(try await old.info("role") == "slave")
    }

    /// Everything that was written before is there afterwards.
    @Test(arguments: Topology.allCases)
    func aPlannedFailoverLosesNothing(_ topology: Topology) async throws {
        let group = try await topology.start()
        defer { group.kill() }
        let old = try await group.primary(of: "a")
        for number in 0..<500 { _ = try await old.send("RPUSH", "{a}list", String(number)) }
        try await group.failOver("a")
        let new = try await group.primary(of: "a")
        #expect(new !== old)
        #expect(try await new.send("LLEN", "{a}list") == .integer(500))
        try await group.waitUntilHealthy(within: .seconds(60))
    }

    @Test func everythingIsKilledAndStartedAgain() async throws {
        let group = try await SentinelServers.start()
        defer { group.kill() }
        let old = try await group.primary()
        old.kill()
        try await eventually("another one is primary", within: .seconds(20)) {
            let primary = try? await group.primary()
            return primary != nil && primary !== old
        }
        try await group.launch(old)
        try await group.waitUntilHealthy()
        let primary = try await group.primary()
        _ = try await primary.send("SET", "kept", "1")
        group.kill()
        try await group.launch()
        try await group.waitUntilHealthy()
        #expect(try await group.primary().send("GET", "kept") == .text("1"))
    }

    @Test func aSlotMovesWithAllItsKeys() async throws {
        let group = try await ClusterServers.start()
        defer { group.kill() }
        let source = try await group.primary(of: "a")
        for number in 0..<250 { _ = try await source.send("SET", "{a}\(number)", String(number)) }
        let target = try #require(try await group.primaries().first { $0 !== source })
        #expect(try await group.migrate("a", to: target).keys == 250)
        #expect(try await group.primary(of: "a") === target)
        #expect(try await target.send("GET", "{a}249") == .text("249"))
        try await group.waitUntilHealthy()
    }
}
