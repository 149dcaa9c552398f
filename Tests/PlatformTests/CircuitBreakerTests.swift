import Synchronization
import TestSupport
import Testing

@testable import Platform

/// The circuit breaker, by a clock that the test sets.
struct CircuitBreakerTests {
    private let seen: LockedBox<[CircuitBreaker.Circuit]>
    private let breaker: CircuitBreaker
    private let start = ContinuousClock.now

    init() {
        let seen = LockedBox<[CircuitBreaker.Circuit]>([])
        self.seen = seen
        breaker = CircuitBreaker(threshold: 3, openFor: .seconds(1)) { circuit in seen.update { $0.append(circuit) } }
    }

    private func allows(at moment: ContinuousClock.Instant) -> Bool { breaker.permit(at: moment) != nil }

    /// Calls that are permitted and fail at once.
    private func fail(_ times: Int, at moment: ContinuousClock.Instant) throws {
        for _ in 0..<times { breaker.failed(try #require(breaker.permit(at: moment)), at: moment) }
    }

    private func succeed(at moment: ContinuousClock.Instant) throws {
        breaker.succeeded(try #require(breaker.permit(at: moment)))
    }

    @Test func opensAfterFailuresInARow() throws {
        try fail(2, at: start)
        try succeed(at: start)
        try fail(2, at: start)
        #expect(allows(at: start), "a success in between starts anew")
        #expect(seen.value == [.closed])
        try fail(1, at: start)
        #expect(!allows(at: start))
        #expect(!allows(at: start + .milliseconds(999)))
        #expect(seen.value == [.closed, .open])
    }

    @Test func oneCallPassesWhenHalfOpen() throws {
        try fail(3, at: start)
        #expect(allows(at: start + .seconds(1)))
        #expect(!allows(at: start + .seconds(1)))
        #expect(!allows(at: start + .milliseconds(1999)))
        #expect(seen.value == [.closed, .open, .halfOpen])
        // Nothing was heard of that one.
        #expect(allows(at: start + .seconds(2)))
        #expect(!allows(at: start + .seconds(2)))
    }

    @Test func closesAfterASuccess() throws {
        try fail(3, at: start)
        try succeed(at: start + .seconds(1))
        for _ in 0..<10 { #expect(allows(at: start + .seconds(1))) }
        #expect(seen.value == [.closed, .open, .halfOpen, .closed])
        try fail(2, at: start + .seconds(1))
        #expect(allows(at: start + .seconds(1)), "it counts from the beginning")
        try fail(1, at: start + .seconds(1))
        #expect(!allows(at: start + .seconds(1)))
    }

    @Test func opensAgainAfterOneFailure() throws {
        try fail(3, at: start)
        try fail(1, at: start + .seconds(5))
        #expect(!allows(at: start + .milliseconds(5999)))
        #expect(allows(at: start + .seconds(6)))
        #expect(seen.value == [.closed, .open, .halfOpen, .open, .halfOpen])
    }

    @Test func callsFromBeforeItOpenedDoNotExtendTheOpenTime() throws {
        let early = (0..<5).compactMap { _ in breaker.permit(at: start) }
        for permit in early.prefix(3) { breaker.failed(permit, at: start) }
        for permit in early.dropFirst(3) { breaker.failed(permit, at: start + .milliseconds(900)) }
        #expect(allows(at: start + .seconds(1)))
        #expect(seen.value == [.closed, .open, .halfOpen])
    }

    @Test func callsFromBeforeItOpenedDoNotClose() throws {
        let early = try #require(breaker.permit(at: start))
        try fail(3, at: start)
        breaker.succeeded(early)
        #expect(!allows(at: start + .milliseconds(999)))
        #expect(seen.value == [.closed, .open])
    }

    @Test func callsFromBeforeItOpenedDoNotDecideForTheTrialCall() throws {
        let early = (0..<2).compactMap { _ in breaker.permit(at: start) }
        try fail(3, at: start)
        let trying = try #require(breaker.permit(at: start + .seconds(1)))
        breaker.failed(early[0], at: start + .seconds(1))
        breaker.succeeded(early[1])
        #expect(!allows(at: start + .milliseconds(1500)), "nothing is known yet")
        #expect(seen.value == [.closed, .open, .halfOpen])
        breaker.succeeded(trying)
        #expect(allows(at: start + .milliseconds(1500)))
    }

    @Test func anEarlierTrialCallDecidesNothing() throws {
        try fail(3, at: start)
        let first = try #require(breaker.permit(at: start + .seconds(1)))
        let second = try #require(breaker.permit(at: start + .seconds(2)), "nothing was heard of the first")
        breaker.failed(first, at: start + .milliseconds(2100))
        #expect(seen.value == [.closed, .open, .halfOpen, .halfOpen])
        breaker.succeeded(second)
        #expect(allows(at: start + .milliseconds(2200)))
        // Closed by now; what the earlier periods' calls come to counts neither for nor against it.
        for _ in 0..<5 { breaker.failed(first, at: start + .milliseconds(2300)) }
        #expect(allows(at: start + .milliseconds(2400)))
    }

    @Test func oneOfManyCallersPassesWhenHalfOpen() async throws {
        try fail(3, at: start)
        let through = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { allows(at: start + .seconds(1)) } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(through == 1)
    }
}
