import Contracts

/// The booking protocol: reserve seats, record the booking, and where an outcome can't be found out, abort.
///
/// Its steps have the numbers of "POST /books" in docs/protocol.md. A 503 never holds a seat for long; a 201 is never taken
/// back.
struct BookingAttempt: Sendable {
    let seats: any ReservationBatching
    let store: any BookingStore
    let ids: any BookingIDGenerator
    let partitions: any PartitionDirectory
    private let recorder: BookingRecorder

    init(
        seats: any ReservationBatching, store: any BookingStore, ids: any BookingIDGenerator,
        partitions: any PartitionDirectory
    ) {
        self.seats = seats
        self.store = store
        self.ids = ids
        self.partitions = partitions
        recorder = BookingRecorder(store: store)
    }

    /// How long the outcome of reserving is waited for, all tries together.
    static let reserveWithin = Duration.seconds(1)
    /// Attempts under one key before giving up.
    static let attemptLimit = 8

    /// What one attempt came to.
    private enum Ending {
        case booked(Booked)
        /// This id was aborted; the next may book.
        case aborted
        /// The random id was drawn before.
        case idCollision
    }

    /// Books. Runs to its end also when the client has hung up.
    /// - Parameters:
    ///   - key: the client's Idempotency-Key; the same key names the same booking without expiry.
    ///   - isKeyNew: whether no earlier request can have used the key. Nothing is looked up before the first attempt then: if an
    ///     earlier request had used it all the same, the reservation would tell.
    ///   - onID: called with each id before a request is sent under it.
    func run(
        _ request: BookingRequest, key: String?, isKeyNew: Bool = false, metadata: RequestMetadata,
        onID: @Sendable (BookingID) -> Void = { _ in }
    ) async throws(Failure) -> Booked {
        guard try await partitions.contains(request.exhibition.partition) else {
            throw .unknownMuseum(request.exhibition.text)
        }
        let start = ContinuousClock.now
        for number in 0..<Self.attemptLimit where number == 0 || .now < start + Self.reserveWithin {
            let id = try await ids.id(request, key: key, attempt: number)
            onID(id)
            // 2: what the key names may be there already.
            if key != nil, number > 0 || !isKeyNew, let booking = try await store.find(id) {
                guard case .booked(let booked) = try ending(booking, for: request) else { continue }
                return booked
            }
            switch try await attempt(request, as: id, isKeyed: key != nil, metadata: metadata) {
            case .booked(let booked): return booked
            case .aborted where key != nil: continue
            case .idCollision: continue
            case .aborted: throw .museumUnavailable("The booking attempt was aborted")
            }
        }
        throw .museumUnavailable("The booking attempts under this key were aborted")
    }

    private func attempt(_ request: BookingRequest, as id: BookingID, isKeyed: Bool, metadata: RequestMetadata)
        async throws(Failure) -> Ending
    {
        // 3
        let booking = NewBooking(id: id, request: request, metadata: metadata)
        let reserved: (seats: ReservedSeats, tries: Int)
        do throws(ReservationError) {
            reserved = try await reserve(booking)
        } catch {
            guard case .notSent(let why) = error else { return try await abort(request, as: id, metadata: metadata) }
            throw why
        }
        switch reserved.seats.outcome.code {
        case .reserved: break
        case .repeated: if !isKeyed, reserved.tries == 1 { return .idCollision }
        case .mismatch:
            if !isKeyed { return .idCollision }
            // The booking may have fewer seats than were booked: what was booked is compared.
            guard let booking = try await store.find(id) else { throw .idempotencyMismatch }
            return try ending(booking, for: request)
        case .void:
            guard let booking = try await store.find(id) else { throw .museumUnavailable("The booking attempt was aborted") }
            return try ending(booking, for: request)
        case .soldOut: throw .soldOut(available: reserved.seats.outcome.available)
        case .closed: throw .salesClosed(request.exhibition.text)
        case .over: throw .exhibitionOver(request.exhibition.text)
        case .deleted: throw .museumDeleted(request.exhibition.text)
        case .noExhibition: throw .unknownMuseum(request.exhibition.text)
        }

        // 4
        switch try await record(booking, first: reserved.seats.record) {
        case .recorded(let booking): return .booked(Booked(booking: booking, isReplayed: false))
        case .exists(let booking): return .booked(Booked(booking: booking, isReplayed: true))
        case .mismatch: throw .idempotencyMismatch
        case .aborted: return .aborted
        case nil: return try await abort(request, as: id, metadata: metadata)
        }
    }

    /// Sent a second time if the outcome of the first is unknown and time is left. Returns how often it was sent, too.
    private func reserve(_ booking: NewBooking) async throws(ReservationError) -> (seats: ReservedSeats, tries: Int) {
        let deadline = ContinuousClock.now + Self.reserveWithin
        do throws(ReservationError) {
            return (try await seats.reserve(booking, before: deadline), 1)
        } catch {
            guard error == .outcomeUnknown, deadline > .now else { throw error }
            do throws(ReservationError) {
                return (try await seats.reserve(booking, before: deadline), 2)
            } catch {
                // If the second call was not sent, the outcome of the first is still unknown.
                throw .outcomeUnknown
            }
        }
    }

    /// Sent a second time if the outcome of the first is unknown; `nil` if it still is.
    /// - Parameter first: what the first came to, if the booking was recorded together with others.
    private func record(_ booking: NewBooking, first: Result<RecordOutcome, Failure>?) async throws(Failure)
        -> RecordOutcome?
    {
        var result = first
        for _ in 1...2 {
            let outcome = if let result { result } else { await recorder.record([booking])[0] }
            switch outcome {
            case .success(let outcome): return outcome
            case .failure(.internal(let what)): throw .internal(what)
            case .failure: result = nil
            }
        }
        return nil
    }

    // 5
    private func abort(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> Ending {
        let outcome: AbortOutcome
        do throws(Failure) {
            outcome = try await store.abort(request, as: id, metadata: metadata)
        } catch {
            if case .internal = error { throw error }
            // Seats may be held without a booking; Book's consumer of SeatsReserved aborts that within seconds.
            throw .outcomeUnknown(booking: id)
        }
        switch outcome {
        case .aborted: throw .museumUnavailable("The booking attempt was aborted")
        case .exists(let booking): return .booked(Booked(booking: booking, isReplayed: true))
        }
    }

    private func ending(_ booking: Booking, for request: BookingRequest) throws(Failure) -> Ending {
        if booking.status == .aborted { return .aborted }
        guard booking.isBooked(by: request) else { throw .idempotencyMismatch }
        return .booked(Booked(booking: booking, isReplayed: true))
    }
}

/// Reserves and records single bookings, as many at a time as come together.
protocol ReservationBatching: Sendable {
    /// Reserves the seats, and records the booking once if they are reserved.
    func reserve(_ booking: NewBooking, before deadline: ContinuousClock.Instant) async throws(ReservationError)
        -> ReservedSeats
}

/// What became of a reservation, and of its booking where that has been sent to be recorded.
struct ReservedSeats: Sendable {
    let outcome: ReservationOutcome
    let record: Result<RecordOutcome, Failure>?
}

/// Where booking ids come from.
protocol BookingIDGenerator: Sendable {
    /// The id that visitor, key and attempt name, or a new one where there is no key.
    func id(_ request: BookingRequest, key: String?, attempt: Int) async throws(Failure) -> BookingID
}

/// A booking that stands, and whether an earlier request made it.
struct Booked: Sendable, Equatable {
    let booking: Booking
    let isReplayed: Bool
}
