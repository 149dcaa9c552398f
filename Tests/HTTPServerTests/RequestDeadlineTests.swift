import Contracts
import HTTPTypes
import TestSupport
import Testing

@testable import HTTPServer

/// The deadline of a request: what it responds with when it passes, and what it stops.
@Suite(.timeLimit(.minutes(1)))
struct RequestDeadlineTests {
    private static let limit = Duration.milliseconds(100)

    private func failure(_ deadline: RequestDeadline, _ work: @escaping @Sendable () async throws -> DocumentResponse) async
        -> RequestError?
    {
        do {
            _ = try await deadline.response(of: work)
            return nil
        } catch {
            return RequestError(error)
        }
    }

    @Test func workInTime() async throws {
        for isRead in [true, false] {
            let deadline = RequestDeadline(isRead: isRead, queue: DeadlineQueue(limit: .seconds(60)))
            deadline.begin()
            #expect(try await deadline.response { DocumentResponse(status: .accepted) }.status == .accepted)
            #expect(deadline.isOver)
            #expect(
                await failure(RequestDeadline(isRead: isRead, queue: DeadlineQueue(limit: .seconds(60)))) {
                    throw Failure.overloaded
                } == .failure(.overloaded))
        }
    }

    /// A read is cancelled when its deadline passes.
    @Test func aReadThatHangsEndsAtTheDeadline() async throws {
        let deadline = RequestDeadline(isRead: true, queue: DeadlineQueue(limit: Self.limit))
        let start = ContinuousClock.now
        deadline.begin()
        let isCancelled = LockedBox(false)
        let answer = await failure(deadline) {
            try? await Task.sleep(for: .seconds(60))
            isCancelled.value = Task.isCancelled
            return DocumentResponse(status: .ok)
        }
        guard case .failure(.storageUnavailable) = answer else { Issue.record("\(String(describing: answer))"); return }
        #expect(ContinuousClock.now - start >= Self.limit)
        try await eventually("the read is cancelled") { isCancelled.value }
    }

    /// A write is not: it runs to its end, and its outcome is unknown.
    @Test func aWriteThatHangsEndsAtTheDeadline() async throws {
        let deadline = RequestDeadline(isRead: false, queue: DeadlineQueue(limit: Self.limit))
        deadline.begin()
        let (mayEnd, hasEnded) = (LockedBox(false), LockedBox<Bool?>(nil))
        let answer = await failure(deadline) {
            try await eventually("the test has its answer") { mayEnd.value }
            hasEnded.value = !Task.isCancelled
            return DocumentResponse(status: .ok)
        }
        #expect(answer == .failure(.outcomeUnknown(booking: nil)))
        #expect(hasEnded.value == nil)
        mayEnd.value = true
        try await eventually("the write ends") { hasEnded.value == true }
    }

    /// The route sets the failure that the deadline responds with.
    @Test func theRouteNamesTheFailure() async throws {
        let deadline = RequestDeadline(isRead: false, queue: DeadlineQueue(limit: Self.limit))
        deadline.begin()
        let id = BookingID("a1-000000000007")
        let mayEnd = LockedBox(false)
        let answer = await failure(deadline) {
            RequestDeadline.current?.respondsAtEnd(with: .failure(.outcomeUnknown(booking: nil)))
            RequestDeadline.current?.respondsAtEnd(with: .failure(.outcomeUnknown(booking: id)))
            try await eventually("the test has its answer") { mayEnd.value }
            return DocumentResponse(status: .ok)
        }
        #expect(answer == .failure(.outcomeUnknown(booking: id)))
        mayEnd.value = true
    }

    /// The deadline does not run before the body has arrived.
    @Test func theDeadlineStartsAtTheEndOfTheBody() async throws {
        let deadline = RequestDeadline(isRead: false, queue: DeadlineQueue(limit: Self.limit))
        let start = ContinuousClock.now
        let mayEnd = LockedBox(false)
        let begun = LockedBox<ContinuousClock.Instant?>(nil)
        let answer = await failure(deadline) {
            try await eventually("a body takes its time") { ContinuousClock.now - start > Self.limit * 4 }
            begun.value = .now
            RequestDeadline.current?.begin()
            RequestDeadline.current?.begin()
            try await eventually("the test has its answer") { mayEnd.value }
            return DocumentResponse(status: .ok)
        }
        #expect(answer == .failure(.outcomeUnknown(booking: nil)))
        #expect(ContinuousClock.now - (try #require(begun.value)) >= Self.limit)
        mayEnd.value = true
    }

    /// The client hangs up: a read is cancelled, a write is not.
    @Test(arguments: [true, false])
    func theClientHangsUp(isRead: Bool) async throws {
        let deadline = RequestDeadline(isRead: isRead, queue: DeadlineQueue(limit: .seconds(60)))
        deadline.begin()
        let (isRunning, mayEnd, wasCancelled) = (LockedBox(false), LockedBox(false), LockedBox<Bool?>(nil))
        let request = Task {
            _ = try await deadline.response {
                isRunning.value = true
                while !mayEnd.value, !Task.isCancelled { await Task.yield() }
                wasCancelled.value = Task.isCancelled
                return DocumentResponse(status: .ok)
            }
        }
        try await eventually("it runs") { isRunning.value }
        request.cancel()
        if isRead {
            try await eventually("the read ends") { wasCancelled.value == true }
        } else {
            mayEnd.value = true
            try await eventually("the write ends") { wasCancelled.value == false }
        }
        _ = await request.result
    }

    /// One timer for all: each passes at its time, also those that begin while others wait, and after a pause.
    @Test func manyShareATimer() async throws {
        let queue = DeadlineQueue(limit: Self.limit)
        for _ in 1...2 {
            let times = try await withThrowingTaskGroup(of: Duration.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let deadline = RequestDeadline(isRead: true, queue: queue)
                        let start = ContinuousClock.now
                        deadline.begin()
                        _ = try? await deadline.response {
                            if number % 3 != 0 { try await Task.sleep(for: .seconds(60)) }
                            return DocumentResponse(status: .ok)
                        }
                        return number % 3 != 0 ? ContinuousClock.now - start : Self.limit
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(times.allSatisfy { $0 >= Self.limit && $0 < .seconds(30) })
        }
    }
}
