import Contracts
import Synchronization

/// Group commit in front of Museum: while a call for an exhibition is in flight, requests gather, and go out together when it
/// returns. Of those who wait, one sends for all; nobody waits for a timer.
final class SeatsQueue: SeatsQueueing {
    private typealias Answer = Result<ReservationOutcome, SeatsFault>

    private struct Waiter {
        let reservation: Reservation
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Turn, Never>
    }

    /// What a waiter is woken with.
    private enum Turn {
        case answer(Answer)
        /// It is on the waiter to send for these, itself the first.
        case lead([Waiter])
    }

    /// Who has less time left than a call may need would put the whole batch in doubt.
    private static let callNeeds = Duration.milliseconds(100)
    /// Most who wait for one exhibition; more could not be served within their deadline.
    private static let waitingLimit = 4096

    private let seats: any Seats
    /// Those who wait, by exhibition; an exhibition without a call in flight has no entry.
    private let waiting = Mutex<[ExhibitionID: [Waiter]]>([:])

    init(_ seats: any Seats) { self.seats = seats }

    func reserve(_ reservation: Reservation, before deadline: ContinuousClock.Instant) async throws(SeatsFault)
        -> ReservationOutcome
    {
        let exhibition = reservation.booking.exhibition
        let isIdle = waiting.withLock { waiting in
            guard waiting[exhibition] == nil else { return false }
            waiting[exhibition] = []
            return true
        }
        if isIdle { return try await lead([reservation], of: exhibition, before: deadline)[0].get() }

        // Every path below resumes: whoever is in flight hands on, also when its own call failed.
        let turn = await withCheckedContinuation { continuation in
            let turn = waiting.withLock { waiting -> Turn? in
                guard let others = waiting[exhibition] else {
                    waiting[exhibition] = []
                    return .lead([])
                }
                guard others.count < Self.waitingLimit else { return .answer(.failure(.notSent(.overloaded))) }
                waiting[exhibition]?.append(Waiter(reservation: reservation, deadline: deadline, continuation: continuation))
                return nil
            }
            if let turn { continuation.resume(returning: turn) }
        }
        switch turn {
        case .answer(let answer): return try answer.get()
        case .lead(let others):
            let all = [reservation] + others.map(\.reservation)
            let answers = await lead(all, of: exhibition, before: others.map(\.deadline).reduce(deadline, min))
            for (other, answer) in zip(others, answers.dropFirst()) { other.continuation.resume(returning: .answer(answer)) }
            return try answers[0].get()
        }
    }

    /// Sends one call and hands the lead on to the next who waits.
    private func lead(
        _ reservations: [Reservation], of exhibition: ExhibitionID, before deadline: ContinuousClock.Instant
    ) async -> [Answer] {
        let answers: [Answer]
        do throws(SeatsFault) {
            let outcomes = try await seats.reserve(reservations, for: exhibition, before: deadline)
            answers = outcomes.map { .success($0) }
        } catch {
            answers = reservations.map { _ in .failure(error) }
        }
        handOn(exhibition)
        return answers
    }

    private func handOn(_ exhibition: ExhibitionID) {
        let now = ContinuousClock.now
        let (late, next) = waiting.withLock { waiting -> ([Waiter], [Waiter]) in
            guard let all = waiting[exhibition] else { return ([], []) }
            let inTime = all.filter { $0.deadline > now + Self.callNeeds }
            let next = Array(inTime.prefix(Reservation.batchLimit))
            waiting[exhibition] = next.isEmpty ? nil : Array(inTime.dropFirst(next.count))
            return (all.filter { $0.deadline <= now + Self.callNeeds }, next)
        }
        for waiter in late {
            waiter.continuation.resume(
                returning: .answer(.failure(.notSent(.museumUnavailable("Museum is too slow at present")))))
        }
        next.first?.continuation.resume(returning: .lead(Array(next.dropFirst())))
    }
}
