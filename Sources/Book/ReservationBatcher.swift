import Contracts
import Synchronization

/// Group commit in front of Museum: while a call for an exhibition is in flight, later reservations queue. They are sent in one
/// call when it returns.
///
/// A call has its own deadline, and each request its own: one whose deadline passes gets its outcome alone and at once, and the
/// others go on waiting for the call.
final class ReservationBatcher: ReservationBatching {
    private typealias Answer = Result<ReservationOutcome, ReservationError>

    private struct Waiter {
        let reservation: Reservation
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Answer, Never>
    }

    /// The requests for one exhibition, as long as there is a task that sends for it.
    private struct Line {
        var waiting: [Waiter] = []
        /// In the request of the call in flight; `nil` for those who have their outcome already.
        var inFlight: [Waiter?] = []

        var deadlines: [ContinuousClock.Instant] { waiting.map(\.deadline) + inFlight.compactMap { $0?.deadline } }
    }

    private struct State {
        var lines: [ExhibitionID: Line] = [:]
        /// When the timer rings; `nil` while there is none.
        var timer: ContinuousClock.Instant?
    }

    /// How long one call may take.
    private static let callWithin = Duration.seconds(1)
    /// A reservation with less time left than a call may need is not sent: its outcome would be unknown.
    private static let callNeeds = Duration.milliseconds(100)
    /// Most who wait for one exhibition; more could not be served within their deadline.
    private static let waitingLimit = 4096

    private let seats: any SeatReservations
    private let onBatch: @Sendable (Int) -> Void
    private let state = Mutex(State())

    /// - Parameter onBatch: called with the number of reservations of each call.
    init(_ seats: any SeatReservations, onBatch: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.seats = seats
        self.onBatch = onBatch
    }

    func reserve(_ reservation: Reservation, before deadline: ContinuousClock.Instant) async throws(ReservationError)
        -> ReservationOutcome
    {
        // Every path resumes: the call's outcome, or the timer, whichever comes first.
        let answer = await withCheckedContinuation { continuation in
            enqueue(Waiter(reservation: reservation, deadline: deadline, continuation: continuation))
        }
        return try answer.get()
    }

    private func enqueue(_ waiter: Waiter) {
        let exhibition = waiter.reservation.booking.exhibition
        let (isFull, isIdle, needsTimer) = state.withLock { state in
            let isIdle = state.lines[exhibition] == nil
            guard state.lines[exhibition, default: Line()].waiting.count < Self.waitingLimit else { return (true, false, false) }
            state.lines[exhibition, default: Line()].waiting.append(waiter)
            // One timer for all waiters. An earlier timer is set if a waiter's deadline is earlier.
            let needsTimer = state.timer.map { waiter.deadline < $0 } ?? true
            if needsTimer { state.timer = waiter.deadline }
            return (false, isIdle, needsTimer)
        }
        if isFull { return waiter.continuation.resume(returning: .failure(.notSent(.overloaded))) }
        if isIdle { Task { await send(for: exhibition) } }
        if needsTimer { Task { await watch(until: waiter.deadline) } }
    }

    /// How many wait until a call for the exhibition returns.
    func waitingCount(for exhibition: ExhibitionID) -> Int { state.withLock { $0.lines[exhibition]?.waiting.count ?? 0 } }

    /// Sends one call after the other until nobody waits any more.
    private func send(for exhibition: ExhibitionID) async {
        while let reservations = nextCall(for: exhibition) {
            onBatch(reservations.count)
            let answers: [Answer]
            do throws(ReservationError) {
                let outcomes = try await seats.reserve(reservations, for: exhibition, before: .now + Self.callWithin)
                answers = outcomes.map { .success($0) }
            } catch {
                answers = reservations.map { _ in .failure(error) }
            }
            let waiters = state.withLock { state in
                let waiters = state.lines[exhibition]?.inFlight ?? []
                state.lines[exhibition]?.inFlight = []
                return waiters
            }
            for (waiter, answer) in zip(waiters, answers) { waiter?.continuation.resume(returning: answer) }
        }
    }

    /// Those who go out together now; `nil`, and an end of the line, if there is nobody.
    private func nextCall(for exhibition: ExhibitionID) -> [Reservation]? {
        let enough = ContinuousClock.now + Self.callNeeds
        let (late, next) = state.withLock { state -> ([Waiter], [Waiter]) in
            let all = state.lines[exhibition]?.waiting ?? []
            let inTime = all.filter { $0.deadline > enough }
            let next = Array(inTime.prefix(Reservation.batchLimit))
            state.lines[exhibition] =
                next.isEmpty ? nil : Line(waiting: Array(inTime.dropFirst(next.count)), inFlight: next)
            return (all.filter { $0.deadline <= enough }, next)
        }
        for waiter in late { waiter.continuation.resume(returning: Self.tooLate) }
        return next.isEmpty ? nil : next.map(\.reservation)
    }

    private static var tooLate: Answer { .failure(.notSent(.museumUnavailable("Museum is too slow"))) }

    /// The timer: ends the wait of those whose deadline has passed, as long as anybody waits.
    private func watch(until first: ContinuousClock.Instant) async {
        var end = first
        while true {
            try? await Task.sleep(until: end, clock: .continuous)
            // An earlier one has been set meanwhile, which does the same.
            guard let next = answerLate(at: .now, timer: end) else { return }
            end = next
        }
    }

    /// - Returns: when the timer is due again; `nil` where it is not needed any more.
    private func answerLate(at now: ContinuousClock.Instant, timer: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (unsent, sent, next) = state.withLock { state -> ([Waiter], [Waiter], ContinuousClock.Instant?) in
            guard state.timer == timer else { return ([], [], nil) }
            var unsent: [Waiter] = []
            var sent: [Waiter] = []
            for exhibition in Array(state.lines.keys) {
                guard var line = state.lines[exhibition] else { continue }
                unsent += line.waiting.filter { $0.deadline <= now }
                line.waiting.removeAll { $0.deadline <= now }
                for (place, waiter) in line.inFlight.enumerated() {
                    guard let waiter, waiter.deadline <= now else { continue }
                    sent.append(waiter)
                    line.inFlight[place] = nil
                }
                state.lines[exhibition] = line
            }
            state.timer = state.lines.values.flatMap(\.deadlines).min()
            return (unsent, sent, state.timer)
        }
        for waiter in unsent { waiter.continuation.resume(returning: Self.tooLate) }
        for waiter in sent { waiter.continuation.resume(returning: .failure(.outcomeUnknown)) }
        return next
    }
}
