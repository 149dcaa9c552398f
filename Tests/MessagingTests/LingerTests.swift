import Testing

@testable import Messaging

@Suite struct LingerTests {
    private let start = ContinuousClock.now

    /// Lets a linger observe reads that return entries at these milliseconds.
    private func pauses(_ linger: inout Linger, at milliseconds: [Int], count: Int = 1, isFull: Bool = false) -> [Duration] {
        milliseconds.map {
            linger.observe(count: count, isFull: isFull, at: start + .milliseconds($0))
            return linger.pause
        }
    }

    @Test func seldomEntriesAreNotWaitedFor() {
        var linger = Linger()
        #expect(pauses(&linger, at: [0, 25, 60, 1000]).allSatisfy { $0 == .zero })
    }

    @Test func entriesThatKeepComingAreWaitedForUpToTheLimit() {
        var linger = Linger()
        #expect(pauses(&linger, at: [0, 1, 3, 7, 15, 26, 40]) == [0, 1, 2, 4, 8, 10, 10].map { .milliseconds($0) })
        #expect(pauses(&linger, at: [65]) == [.zero], "at once when they become seldom")
    }

    @Test func aReadWithoutEntriesChangesNothing() {
        var linger = Linger()
        #expect(pauses(&linger, at: [0, 1, 2]).last == .milliseconds(2))
        linger.observe(count: 0, isFull: false, at: start + .milliseconds(3))
        #expect(linger.pause == .milliseconds(2))
    }

    @Test func aBacklogIsNotWaitedFor() {
        var linger = Linger()
        #expect(pauses(&linger, at: [0, 1, 2]).last == .milliseconds(2))
        #expect(pauses(&linger, at: [3], count: 256, isFull: true) == [.zero])
    }
}
