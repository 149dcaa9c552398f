import Contracts
import Testing

@testable import Messaging

/// When a consumer group counts as stalled, by a clock that the test sets.
struct StallDetectorTests {
    private let start = ContinuousClock.now

    private func observe(
        _ detector: inout StallDetector, _ group: ServiceName = .confirm, in partition: String = "a", applied: UInt64,
        isBehind: Bool,
        after seconds: Int
    ) -> StallDetector.Change? {
        detector.observe(
            group, in: partition, applied: StreamID(milliseconds: applied, sequence: 0), isBehind: isBehind,
            now: start + .seconds(seconds))
    }

    @Test func aStallAndItsRecoveryAreEachReportedOnce() {
        var detector = StallDetector(bound: .seconds(60))
        #expect(observe(&detector, applied: 5, isBehind: true, after: 0) == nil)
        #expect(observe(&detector, applied: 5, isBehind: true, after: 59) == nil)
        #expect(observe(&detector, applied: 5, isBehind: true, after: 60) == .stalled)
        #expect(observe(&detector, applied: 5, isBehind: true, after: 600) == nil)
        #expect(observe(&detector, applied: 6, isBehind: true, after: 601) == .recovered)
        #expect(observe(&detector, applied: 6, isBehind: true, after: 660) == nil)
        #expect(observe(&detector, applied: 6, isBehind: true, after: 661) == .stalled)
        #expect(observe(&detector, applied: 9, isBehind: false, after: 662) == .recovered)
        #expect(observe(&detector, applied: 9, isBehind: false, after: 663) == nil)
    }

    @Test func aGroupThatIsCaughtUpOrMakesProgressIsNotStalled() {
        var detector = StallDetector(bound: .seconds(60))
        for minute in 0..<10 { #expect(observe(&detector, applied: 5, isBehind: false, after: 60 * minute) == nil) }
        #expect(observe(&detector, applied: 5, isBehind: true, after: 600) == nil, "an event after a time without events")
        #expect(observe(&detector, applied: 5, isBehind: true, after: 659) == nil)
        for minute in 11..<20 { #expect(observe(&detector, applied: UInt64(minute), isBehind: true, after: 60 * minute) == nil) }
    }

    @Test func groupsAndPartitionsAreIndependent() {
        var detector = StallDetector(bound: .seconds(60))
        _ = observe(&detector, applied: 1, isBehind: true, after: 0)
        _ = observe(&detector, in: "b", applied: 1, isBehind: true, after: 30)
        _ = observe(&detector, .mypage, applied: 1, isBehind: true, after: 30)
        #expect(observe(&detector, applied: 1, isBehind: true, after: 60) == .stalled)
        #expect(observe(&detector, in: "b", applied: 1, isBehind: true, after: 60) == nil)
        #expect(observe(&detector, .mypage, applied: 1, isBehind: true, after: 61) == nil)
    }
}
