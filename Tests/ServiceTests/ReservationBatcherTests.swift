import Contracts
import TestSupport
import Testing

@testable import Book

/// Each request's own deadline in front of Museum, and the call's.
@Suite struct ReservationBatcherTests {
    private let exhibition = ExhibitionID(partition: "a", number: 1)
    private let server: RedisServer
    private let store: RedisBookingStore

    init() async throws {
        server = try await RedisServer.start()
        store = RedisBookingStore(client: try server.client())
    }

    /// Less than a call may take, and enough for it to be sent.
    private static let short = Duration.milliseconds(800)

    private func reserve(
        _ number: Int, in queue: ReservationBatcher, within limit: Duration
    ) async -> Result<ReservationOutcome.Code, ReservationError> {
        let id = BookingID(exhibition: exhibition, bits: UInt64(number))
        do throws(ReservationError) {
            let request = BookingRequest(exhibition: exhibition, visitor: "kim", seats: 1)
            let booking = NewBooking(id: id, request: request, metadata: RequestMetadata(requestId: nil, moment: 5))
            return .success(try await queue.reserve(booking, before: .now + limit).outcome.code)
        } catch {
            return .failure(error)
        }
    }

    private typealias Reserving = Task<Result<ReservationOutcome.Code, ReservationError>, Never>

    /// A call that Museum holds, and one request that waits for it to return.
    private func oneInFlightAndOneQueued() async throws -> (HeldSeats, ReservationBatcher, first: Reserving, second: Reserving) {
        let seats = HeldSeats()
        let queue = ReservationBatcher(seats, recorder: BookingRecorder(store: store))
        let first = Task { await reserve(1, in: queue, within: .seconds(60)) }
        try await eventually("a call is out") { seats.calls.value.count == 1 }
        let second = Task { await reserve(2, in: queue, within: .seconds(60)) }
        try await eventually("one waits") { queue.waitingCount(for: exhibition) == 1 }
        return (seats, queue, first, second)
    }

    /// One of a call has less time than the call, the others have enough: only its outcome is unknown, they get the call's
    /// outcome.
    @Test func aShortDeadlineDoesNotShortenTheBatch() async throws {
        let seats = HeldSeats()
        let queue = ReservationBatcher(seats, recorder: BookingRecorder(store: store))
        let answers = try await withThrowingTaskGroup { group in
            group.addTask { (99, await reserve(99, in: queue, within: .seconds(60))) }
            try await eventually("the first call is out") { seats.calls.value.count == 1 }
            for number in 1..<64 { group.addTask { (number, await reserve(number, in: queue, within: .seconds(60))) } }
            try await eventually("63 wait") { queue.waitingCount(for: exhibition) == 63 }
            group.addTask { (0, await reserve(0, in: queue, within: Self.short)) }
            try await eventually("all wait") { queue.waitingCount(for: exhibition) == 64 }
            seats.release(1)
            var answers: [Int: Result<ReservationOutcome.Code, ReservationError>] = [:]
            for _ in 0..<2 {
                let (number, answer) = try await group.next()!
                answers[number] = answer
            }
            // The call with all 64 is still out: one of them has been answered, by its own deadline.
            #expect(answers[99] == .success(.reserved))
            #expect(answers[0] == .failure(.outcomeUnknown))
            #expect(seats.calls.value == [1, 64])
            seats.release(1)
            for try await (number, answer) in group { answers[number] = answer }
            return answers
        }
        #expect(answers.count == 65)
        #expect((1..<64).allSatisfy { answers[$0] == .success(.reserved) })
        let deadlines = seats.deadlines.value
        #expect(deadlines.allSatisfy { $0.deadline - $0.start <= .seconds(1) && $0.deadline - $0.start > Self.short })
    }

    /// A request queued behind a call that hangs fails at its own deadline as not sent.
    @Test func aQueuedRequestIsNotSentAfterItsDeadline() async throws {
        let (seats, queue, first, second) = try await oneInFlightAndOneQueued()
        let start = ContinuousClock.now
        // Set behind a timer that is due much later.
        let short = await reserve(3, in: queue, within: .milliseconds(200))
        #expect(ContinuousClock.now - start >= .milliseconds(200))
        guard case .failure(.notSent(.museumUnavailable)) = short else { Issue.record("\(short)"); return }
        #expect(seats.calls.value == [1])
        seats.release(2)
        #expect(await first.value == .success(.reserved))
        #expect(await second.value == .success(.reserved))
        #expect(seats.calls.value == [1, 1])
    }

    /// With less time than a call may need nothing is sent, so the outcome is known.
    @Test func aRequestWithTooLittleTimeIsNotSent() async throws {
        let seats = HeldSeats()
        let queue = ReservationBatcher(seats, recorder: BookingRecorder(store: store))
        let answer = await reserve(1, in: queue, within: .milliseconds(50))
        guard case .failure(.notSent(.museumUnavailable)) = answer else { Issue.record("\(answer)"); return }
        #expect(seats.calls.value.isEmpty)
    }

    @Test func aFailedBatchFailsItsOwnRequestsOnly() async throws {
        let (seats, _, first, second) = try await oneInFlightAndOneQueued()
        seats.fails.value = true
        seats.release(1)
        #expect(await first.value == .failure(.outcomeUnknown))
        seats.fails.value = false
        seats.release(1)
        #expect(await second.value == .success(.reserved))
    }
}

/// A way to Museum whose calls return when the test lets them.
private final class HeldSeats: SeatReservations {
    /// How many reservations each call had.
    let calls = LockedBox<[Int]>([])
    /// When each call began, and its deadline.
    let deadlines = LockedBox<[(start: ContinuousClock.Instant, deadline: ContinuousClock.Instant)]>([])
    let fails = LockedBox(false)
    private let released = LockedBox(0)

    func release(_ calls: Int) { released.update { $0 += calls } }

    func reserve(
        _ reservations: [Reservation], for exhibition: ExhibitionID, before deadline: ContinuousClock.Instant
    ) async throws(ReservationError) -> [ReservationOutcome] {
        calls.update { $0.append(reservations.count) }
        deadlines.update { $0.append((.now, deadline)) }
        do {
            try await eventually("the test lets it return", within: .seconds(60)) {
                released.update { released in
                    defer { if released > 0 { released -= 1 } }
                    return released > 0
                }
            }
        } catch {
            throw .outcomeUnknown
        }
        if fails.value { throw .outcomeUnknown }
        return reservations.map { _ in ReservationOutcome(code: .reserved, available: 1) }
    }
}
