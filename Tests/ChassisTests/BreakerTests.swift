import Synchronization
import TestSupport
import Testing

@testable import Chassis

/// The circuit breaker, at moments that the test decides.
struct BreakerTests {
    private let seen: LockedBox<[Breaker.Circuit]>
    private let breaker: Breaker
    private let start = ContinuousClock.now

    init() {
        let seen = LockedBox<[Breaker.Circuit]>([])
        self.seen = seen
        breaker = Breaker(threshold: 3, openFor: .seconds(1)) { circuit in seen.update { $0.append(circuit) } }
    }

    private func fail(_ times: Int, at moment: ContinuousClock.Instant) {
        for _ in 0..<times { breaker.failed(at: moment) }
    }

    @Test func opensAfterFailuresInARow() {
        fail(2, at: start)
        #expect(breaker.allows(at: start))
        breaker.succeeded()
        fail(2, at: start)
        #expect(breaker.allows(at: start), "a success in between starts anew")
        #expect(seen.value == [.closed])
        fail(1, at: start)
        #expect(!breaker.allows(at: start))
        #expect(!breaker.allows(at: start + .milliseconds(999)))
        #expect(seen.value == [.closed, .open])
    }

    @Test func letsOneThrough() {
        fail(3, at: start)
        #expect(breaker.allows(at: start + .seconds(1)))
        #expect(!breaker.allows(at: start + .seconds(1)))
        #expect(!breaker.allows(at: start + .milliseconds(1999)))
        #expect(seen.value == [.closed, .open, .halfOpen])
        // Nothing was heard of that one.
        #expect(breaker.allows(at: start + .seconds(2)))
        #expect(!breaker.allows(at: start + .seconds(2)))
    }

    @Test func closesAfterASuccess() {
        fail(3, at: start)
        #expect(breaker.allows(at: start + .seconds(1)))
        breaker.succeeded()
        for _ in 0..<10 { #expect(breaker.allows(at: start + .seconds(1))) }
        #expect(seen.value == [.closed, .open, .halfOpen, .closed])
        fail(2, at: start + .seconds(1))
        #expect(breaker.allows(at: start + .seconds(1)), "it counts from the beginning")
        fail(1, at: start + .seconds(1))
        #expect(!breaker.allows(at: start + .seconds(1)))
    }

    @Test func opensAgainAfterOneFailure() {
        fail(3, at: start)
        #expect(breaker.allows(at: start + .seconds(5)))
        fail(1, at: start + .seconds(5))
        #expect(!breaker.allows(at: start + .milliseconds(5999)))
        #expect(breaker.allows(at: start + .seconds(6)))
        #expect(seen.value == [.closed, .open, .halfOpen, .open, .halfOpen])
    }

    @Test func oneOfManyCallersGoesThrough() async {
        fail(3, at: start)
        let through = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { breaker.allows(at: start + .seconds(1)) } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(through == 1)
    }
}
