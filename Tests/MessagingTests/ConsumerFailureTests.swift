import Contracts
import Redis
import TestSupport
import Testing

/// A consumer whose commands Redis refuses: it retries with pauses, logs the failure once, and logs the recovery once.
@Suite(.timeLimit(.minutes(5)))
struct ConsumerFailureTests {
    private let count = LockedBox(0)

    private func connections(_ fixture: ConsumerFixture) async throws -> Int {
        let stats = try await fixture.client.send("INFO", "stats").asText()
        guard let found = stats.firstMatch(of: /total_connections_received:(\d+)/), let number = Int(found.1) else {
            throw Failed("no count of connections")
        }
        return number
    }

    /// The first command after the group is prepared fails. A pause that began anew with each connection would make 50 to 100
    /// of them a second; the bound holds however fast or slow the machine is.
    @Test func aSessionThatFailsAtOnceIsRetriedWithGrowingPauses() async throws {
        let fixture = try await ConsumerFixture()
        try await fixture.publish()
        let redis = try await fixture.user(without: ["xreadgroup"])
        let log = fixture.log
        try await fixture.consuming(as: redis, handler: { _ in CountingHandler(count: count) }) {
            try await eventually("it has failed") { log.times("consumer session failed, retrying") >= 1 }
            let before = try await connections(fixture)
            let start = ContinuousClock.now
            try await eventually("it has tried again several times") { log.times("consumer session failed, retrying") >= 9 }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            // The first pauses are short: 20, 40, 80, 160, 320 ms at most, then 500 ms, each at least half of that.
            #expect(Double(try await connections(fixture) - before) <= 6 + seconds / 0.25)
            #expect(log.loud.value.count { $0.hasPrefix("consumer") } == 1, "\(log.loud.value)")
            #expect(log.loud.value.contains { $0.contains("NOPERM") }, "the cause as Redis said it")
            try await fixture.setRights(without: [])
            try await eventually("it has recovered") { log.times("consumer recovered") == 1 && count.value == 1 }
        }
        #expect(log.loud.value.count { $0.hasPrefix("consumer") } == 2, "\(log.loud.value)")
    }

    enum Refusal: String, CaseIterable { case noRight, noMemory }

    @Test(arguments: Refusal.allCases)
    func aRefusedWriteOfTheHandlerIsReportedOnce(_ refusal: Refusal) async throws {
        let fixture = try await ConsumerFixture()
        let redis = try await fixture.user()
        let log = fixture.log
        let metrics = TestMetrics.shared
        let before = metrics.value(#"skmuseum_writes_refused_total{service="confirm"}"#) ?? 0
        try await fixture.consuming(as: redis, handler: { CountingHandler(count: count, sender: $0) }) {
            try await fixture.publish()
            try await eventually("it works") { try await fixture.pending() == 0 && count.value == 1 }
            switch refusal {
            case .noRight: try await fixture.setRights(without: ["hset"])
            case .noMemory: _ = try await fixture.client.send("CONFIG", "SET", "maxmemory", "1")
            }
            // A full server takes no new event; it hands out the one that it has once more.
            _ = try await fixture.client.send("XGROUP", "SETID", fixture.stream, "confirm", "0")
            try await eventually("it is tried again and again") { log.times("redis refuses writes") == 1 && count.value > 6 }
            switch refusal {
            case .noRight: try await fixture.setRights(without: [])
            case .noMemory: _ = try await fixture.client.send("CONFIG", "SET", "maxmemory", "0")
            }
            try await eventually("it is applied") { try await fixture.pending() == 0 }
            try await eventually("recovery is logged") { log.times("redis accepts writes again") == 1 }
        }
        let lines = log.loud.value.filter { $0.hasPrefix("redis ") }
        #expect(lines.count == 2, "\(lines)")
        #expect(lines[0].contains(refusal == .noRight ? "cause=NOPERM" : "cause=OOM"), "\(lines)")
        #expect((metrics.value(#"skmuseum_writes_refused_total{service="confirm"}"#) ?? 0) > before + 2)
    }

    /// The consumer's own writes: acknowledging, claiming, progress. None of them ends the session.
    @Test(arguments: ["xack", "xautoclaim", "evalsha"])
    func aRefusedWriteOfTheConsumerIsReportedOnce(command: String) async throws {
        let fixture = try await ConsumerFixture()
        let redis = try await fixture.user()
        let log = fixture.log
        try await fixture.consuming(as: redis, handler: { _ in CountingHandler(count: count) }) {
            try await fixture.publish()
            try await eventually("it works") { try await fixture.pending() == 0 && count.value == 1 }
            try await fixture.setRights(without: [command])
            try await fixture.publish()
            try await eventually("it is reported") { log.times("redis refuses writes") == 1 }
            #expect(log.loud.value.contains { $0.contains("cause=NOPERM") && $0.contains(command) }, "\(log.loud.value)")
            try await fixture.setRights(without: [])
            try await eventually("recovery is logged") { log.times("redis accepts writes again") == 1 }
            try await eventually("all is acknowledged") { try await fixture.pending() == 0 && count.value == 2 }
        }
        #expect(log.loud.value.count == 2, "\(log.loud.value)")
    }
}
