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
        let outcome: TransitionOutcome
        do throws(Failure) {
            outcome = try await store.change(transition)
        } catch {
            guard case .outcomeUnknown = error else { throw error }
            // Canceling twice does no more than once; that the second was not sent says nothing of the first.
            do throws(Failure) {
                outcome = try await store.change(transition)
            } catch {
                if case .internal = error { throw error }
                throw .outcomeUnknown(booking: id)
            }
        }
        switch outcome {
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
        try await store.find(booking).map { Booker(visitor: $0.visitor, contact: nil) }
    }
}
