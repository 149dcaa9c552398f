import Testing

@testable import Messaging

@Suite struct LingerTests {
    @Test func singleEntriesAreNotWaitedFor() {
        var linger = Linger()
        for _ in 0..<5 { linger.observe(count: 7, isFull: false) }
        #expect(linger.pause == .zero)
    }

    @Test func manyEntriesAreWaitedForUpToTheLimit() {
        var linger = Linger()
        var pauses: [Duration] = []
        for _ in 0..<6 {
            linger.observe(count: 8, isFull: false)
            pauses.append(linger.pause)
        }
        #expect(pauses == [1, 2, 4, 8, 10, 10].map { .milliseconds($0) })
        linger.observe(count: 3, isFull: false)
        #expect(linger.pause == .zero, "at once when they become few")
    }

    @Test func aBacklogIsNotWaitedFor() {
        var linger = Linger()
        linger.observe(count: 100, isFull: false)
        linger.observe(count: 256, isFull: true)
        #expect(linger.pause == .zero)
    }
}
