import Contracts
import Synchronization

/// Group commit of bookings: while a call to Museum for an exhibition is in flight, later reservations queue. They are sent in one
/// call when it returns. Those of a call that are reserved are recorded in one call too, while the next reservations are in
/// flight: Redis then writes both to its disk at once.
///
/// A call has its own deadline, and each request its own: one whose deadline passes gets its outcome alone and at once, and the
/// others go on waiting for the call.
final class ReservationBatcher: ReservationBatching {
    private typealias Answer = Result<ReservedSeats, ReservationError>

    private struct Waiter {
        let booking: NewBooking
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Answer, Never>
    }

    /// The requests for one exhibition, as long as there is a task that sends for it.
    private struct Line {
        var waiting: ArraySlice<Waiter> = []
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
    private let recorder: BookingRecorder
    private let executor: @Sendable () -> (any TaskExecutor)?
    private let onBatch: @Sendable (Int) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - recorder: records what is reserved.
    ///   - executor: where the calls for an exhibition go on, called by the first request for it; `nil`: on any thread.
    ///   - onBatch: called with the number of reservations of each call.
    init(
        _ seats: any SeatReservations, recorder: BookingRecorder,
        executor: @escaping @Sendable () -> (any TaskExecutor)? = { nil },
        onBatch: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.seats = seats
        self.recorder = recorder
        self.executor = executor
        self.onBatch = onBatch
    }

    func reserve(_ booking: NewBooking, before deadline: ContinuousClock.Instant) async throws(ReservationError)
        -> ReservedSeats
    {
        // Every path resumes: the outcome of the call, or of recording, or the timer, whichever comes first.
        let answer = await withCheckedContinuation { continuation in
            enqueue(Waiter(booking: booking, deadline: deadline, continuation: continuation))
        }
        return try answer.get()
    }

    private func enqueue(_ waiter: Waiter) {
        let exhibition = waiter.booking.id.exhibition
        let (isFull, isIdle, needsTimer) = state.withLock { state in
            let (isFull, isIdle) = Self.append(waiter, to: &state.lines[exhibition])
            if isFull { return (true, false, false) }
            // One timer for all waiters. An earlier timer is set if a waiter's deadline is earlier.
            let needsTimer = state.timer.map { waiter.deadline < $0 } ?? true
            if needsTimer { state.timer = waiter.deadline }
            return (false, isIdle, needsTimer)
        }
        if isFull { return waiter.continuation.resume(returning: .failure(.notSent(.overloaded))) }
        // On an event loop it runs after what has arrived there, so that all of it goes out together.
        if isIdle { Task(executorPreference: executor()) { await self.send(for: exhibition) } }
        if needsTimer { Task { await self.watch(until: waiter.deadline) } }
    }

    private static func append(_ waiter: Waiter, to line: inout Line?) -> (isFull: Bool, isIdle: Bool) {
        guard line != nil else {
            line = Line()
            line?.waiting.append(waiter)
            return (false, true)
        }
        if line?.waiting.count ?? 0 >= waitingLimit { return (true, false) }
        line?.waiting.append(waiter)
        return (false, false)
    }

    /// How many wait until a call for the exhibition returns.
    func waitingCount(for exhibition: ExhibitionID) -> Int { state.withLock { $0.lines[exhibition]?.waiting.count ?? 0 } }

    /// Sends one call after the other until nobody waits any more.
    private func send(for exhibition: ExhibitionID) async {
        while let reservations = nextCall(for: exhibition) {
            onBatch(reservations.count)
            let result: Result<[ReservationOutcome], ReservationError>
            do throws(ReservationError) {
                result = .success(try await seats.reserve(reservations, for: exhibition, before: .now + Self.callWithin))
            } catch {
                result = .failure(error)
            }
            let waiters = state.withLock { state in
                let waiters = state.lines[exhibition]?.inFlight ?? []
                state.lines[exhibition]?.inFlight = []
                return waiters
            }
            answer(waiters, with: result)
        }
    }

    private func answer(_ waiters: [Waiter?], with result: Result<[ReservationOutcome], ReservationError>) {
        let outcomes: [ReservationOutcome]
        switch result {
        case .success(let success): outcomes = success
        case .failure(let error):
            for waiter in waiters { waiter?.continuation.resume(returning: .failure(error)) }
            return
        }
        var reserved: [(waiter: Waiter, outcome: ReservationOutcome)] = []
        for case (let waiter?, let outcome) in zip(waiters, outcomes) {
            if outcome.code == .reserved {
                reserved.append((waiter, outcome))
            } else {
                waiter.continuation.resume(returning: .success(ReservedSeats(outcome: outcome, record: nil)))
            }
        }
        if reserved.isEmpty { return }
        // Nobody waits for it here: a record that hangs delays only its own bookings.
        Task.immediate(executorPreference: executor()) { [recorder, reserved] in
            let records = await recorder.record(reserved.map(\.waiter.booking))
            for (reserved, record) in zip(reserved, records) {
                let seats = ReservedSeats(outcome: reserved.outcome, record: record)
                reserved.waiter.continuation.resume(returning: .success(seats))
            }
        }
    }

    /// Those who go out together now; `nil`, and an end of the line, if there is nobody.
    private func nextCall(for exhibition: ExhibitionID) -> [Reservation]? {
        let enough = ContinuousClock.now + Self.callNeeds
        let (late, next) = state.withLock { state -> ([Waiter], [Waiter]) in
            guard var line = state.lines.removeValue(forKey: exhibition) else { return ([], []) }
            var late: [Waiter] = []
            var next: [Waiter] = []
            while next.count < Reservation.batchLimit, let waiter = line.waiting.popFirst() {
                if waiter.deadline > enough { next.append(waiter) } else { late.append(waiter) }
            }
            line.inFlight = next
            if !next.isEmpty { state.lines[exhibition] = line }
            return (late, next)
        }
        for waiter in late { waiter.continuation.resume(returning: Self.tooLate) }
        return next.isEmpty ? nil : next.map(\.booking.reservation)
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
