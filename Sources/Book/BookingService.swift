import Contracts

/// The use cases of bookings but booking itself, which is ``BookingAttempt``.
struct BookingService: Sendable {
    let store: any BookingStore

    func find(_ id: BookingID) async throws(Failure) -> Booking {
        try await store.find(id).orThrow(.unknownBooking(id.text))
    }

    /// Cancels, once; a second call returns the same booking.
    func cancel(_ id: BookingID, metadata: RequestMetadata) async throws(Failure) -> Booking {
        let transition = Transition(of: id, .cancel, metadata)
        switch try await twice(id, { () async throws(Failure) in try await store.change(transition) }).outcome {
        case .absent: throw .unknownBooking(id.text)
        case .applied(let booking): return booking
        case .skipped(let booking):
            switch booking.status {
            case .forceCanceled: throw .alreadyForceCanceled
            case .aborted: throw .alreadyAborted
            default: return booking
            }
        }
    }

    /// Lowers the seats. A second call returns the same booking.
    func lower(_ id: BookingID, to seats: Int, metadata: RequestMetadata) async throws(Failure) -> Booking {
        let (outcome, isRepeated) = try await twice(id) { () async throws(Failure) in
            try await store.lower(id, to: seats, metadata: metadata)
        }
        switch outcome {
        case .absent: throw .unknownBooking(id.text)
        case .applied(let booking): return booking
        case .skipped(let booking):
            let isRefused = [.forceCanceled, .aborted].contains(booking.status)
            if booking.seats == seats, !isRefused { return booking }
            // The first call may have lowered the seats before somebody else changed the booking again.
            if isRepeated { throw .outcomeUnknown(booking: id) }
            switch booking.status {
            case .forceCanceled: throw .alreadyForceCanceled
            case .aborted: throw .alreadyAborted
            case .canceled: throw .invalidField("seats", "can't be changed: the booking is canceled")
            case .requested, .completed: throw .invalidField("seats", "can only be lowered")
            }
        }
    }

    /// Sends a change that does no more twice than once a second time, if the outcome of the first is unknown.
    private func twice(
        _ id: BookingID, _ change: () async throws(Failure) -> TransitionOutcome
    ) async throws(Failure) -> (outcome: TransitionOutcome, isRepeated: Bool) {
        do throws(Failure) {
            return (try await change(), false)
        } catch {
            guard case .outcomeUnknown = error else { throw error }
            do throws(Failure) {
                return (try await change(), true)
            } catch {
                // That the second was not sent says nothing of the first.
                if case .internal = error { throw error }
                throw .outcomeUnknown(booking: id)
            }
        }
    }

    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [BookingStatus]?, in partitions: any PartitionDirectory
    ) async throws(Failure) -> Page<Booking> {
        let partitions = exhibition == nil ? try await partitions.inUse() : []
        return try await store.page(request, of: exhibition, statuses: statuses, partitions: partitions)
    }

    /// One code for each, in order.
    func apply(_ transitions: [Transition]) async throws(Failure) -> [TransitionCode] { try await store.apply(transitions) }

    /// Aborts a booking that nobody recorded, so that a late record of it is refused and its seats are released.
    func abort(
        _ request: BookingRequest, as id: BookingID, metadata: RequestMetadata
    ) async throws(Failure) -> AbortOutcome {
        try await store.abort(request, as: id, metadata: metadata)
    }
}

extension BookingService: BookerDirectory {
    func booker(of booking: BookingID) async throws(Failure) -> Booker? {
        try await store.find(booking).map { Booker(visitor: $0.visitor, contact: $0.details[.contact]) }
    }
}
