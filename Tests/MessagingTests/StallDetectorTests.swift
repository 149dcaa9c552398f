import Contracts
import Testing

@testable import Messaging

/// When a subscriber counts as silent, on a clock of the test's own.
struct StallDetectorTests {
    private let start = ContinuousClock.now

    private func look(
        _ watch: inout StallDetector, _ group: ServiceName = .confirm, in partition: String = "a", applied: UInt64,
        isBehind: Bool,
        after seconds: Int
    ) -> StallDetector.Turn? {
        watch.look(
            at: group, in: partition, applied: StreamID(milliseconds: applied, sequence: 0), isBehind: isBehind,
            now: start + .seconds(seconds))
    }

    @Test func saysSoOnceAndOnceWhenItIsBack() {
        var watch = StallDetector(bound: .seconds(60))
        #expect(look(&watch, applied: 5, isBehind: true, after: 0) == nil)
        #expect(look(&watch, applied: 5, isBehind: true, after: 59) == nil)
        #expect(look(&watch, applied: 5, isBehind: true, after: 60) == .fellSilent)
        #expect(look(&watch, applied: 5, isBehind: true, after: 600) == nil)
        #expect(look(&watch, applied: 6, isBehind: true, after: 601) == .isBack)
        #expect(look(&watch, applied: 6, isBehind: true, after: 660) == nil)
        #expect(look(&watch, applied: 6, isBehind: true, after: 661) == .fellSilent)
        #expect(look(&watch, applied: 9, isBehind: false, after: 662) == .isBack)
        #expect(look(&watch, applied: 9, isBehind: false, after: 663) == nil)
    }

    @Test func whoIsCaughtUpOrMovesIsNotSilent() {
        var watch = StallDetector(bound: .seconds(60))
        for minute in 0..<10 { #expect(look(&watch, applied: 5, isBehind: false, after: 60 * minute) == nil) }
        #expect(look(&watch, applied: 5, isBehind: true, after: 600) == nil, "an event after a quiet time")
        #expect(look(&watch, applied: 5, isBehind: true, after: 659) == nil)
        for minute in 11..<20 { #expect(look(&watch, applied: UInt64(minute), isBehind: true, after: 60 * minute) == nil) }
    }

    @Test func placesAreToldApart() {
        var watch = StallDetector(bound: .seconds(60))
        _ = look(&watch, applied: 1, isBehind: true, after: 0)
        _ = look(&watch, in: "b", applied: 1, isBehind: true, after: 30)
        _ = look(&watch, .mypage, applied: 1, isBehind: true, after: 30)
        #expect(look(&watch, applied: 1, isBehind: true, after: 60) == .fellSilent)
        #expect(look(&watch, in: "b", applied: 1, isBehind: true, after: 60) == nil)
        #expect(look(&watch, .mypage, applied: 1, isBehind: true, after: 61) == nil)
    }
}
