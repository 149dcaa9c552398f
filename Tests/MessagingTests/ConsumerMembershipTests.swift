import Contracts
import Redis
import TestSupport
import Testing

/// Membership of a group: idle consumers are removed, and a consumer that stops leaves at once.
@Suite(.timeLimit(.minutes(5)))
struct ConsumerMembershipTests {
    private let count = LockedBox(0)

    @Test func idleConsumersAreRemoved() async throws {
        let fixture = try await ConsumerFixture()
        _ = try await fixture.client.send("XGROUP", "CREATE", fixture.stream, "confirm", "0", "MKSTREAM")
        for name in ["pod-1", "pod-2"] {
            _ = try await fixture.client.send("XGROUP", "CREATECONSUMER", fixture.stream, "confirm", name)
        }
        try await fixture.consuming(removeAfter: .milliseconds(200), handler: { _ in CountingHandler(count: count) }) {
            try await eventually("they are gone") {
                try await fixture.consumers().isDisjoint(with: ["pod-1", "pod-2"])
            }
            try await fixture.publish()
            try await eventually("it goes on") { try await fixture.pending() == 0 && count.value == 1 }
            #expect(try await fixture.consumers() == ["confirm-test"])
        }
        #expect(fixture.log.times("idle consumers removed") >= 1)
    }

    /// Redis 7.0 counts a consumer that waits for events as idle, so a live one may be removed: it continues without loss.
    @Test func aLiveConsumerThatIsRemovedGoesOn() async throws {
        let fixture = try await ConsumerFixture()
        try await fixture.consuming(handler: { _ in CountingHandler(count: count) }) {
            try await fixture.publish()
            try await eventually("it works") { try await fixture.pending() == 0 && count.value == 1 }
            for round in 2...6 {
                #expect(
                    try await fixture.client.send(
                        "XGROUP", "DELCONSUMER", fixture.stream, "confirm", "confirm-test") == .integer(0))
                try await fixture.publish()
                try await eventually("round \(round)") { try await fixture.pending() == 0 && count.value == round }
            }
            #expect(try await fixture.consumers() == ["confirm-test"])
        }
        #expect(try await fixture.consumers() == [])
        #expect(fixture.log.loud.value.isEmpty, "\(fixture.log.loud.value)")
    }

    @Test func aPartitionThatComesIntoUseIsServed() async throws {
        let fixture = try await ConsumerFixture()
        try await fixture.consuming(handler: { _ in CountingHandler(count: count) }) {
            try await eventually("it has begun") { try await fixture.pending() != nil }
            _ = try await fixture.client.send("SADD", "museum:partitions", "b")
            try await fixture.publish(2, in: "b")
            try await eventually("its events are applied") { count.value == 2 }
        }
    }

    /// Events that Redis delivers during shutdown are applied before the consumer leaves.
    @Test func eventsDeliveredDuringShutdownAreApplied() async throws {
        let fixture = try await ConsumerFixture()
        for round in 1...20 {
            try await fixture.consuming(handler: { _ in CountingHandler(count: count) }) {
                try await eventually("the group is there") { try await fixture.pending() != nil }
                try await fixture.publish(3)
            }
            #expect(try await fixture.pending() ?? 0 == 0, "round \(round)")
            #expect(try await fixture.consumers() == [], "round \(round)")
        }
    }
}
