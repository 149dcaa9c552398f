import Contracts

/// What visitors do with bookings.
struct BookingService: Sendable {
    let attempt: BookingAttempt
    let store: any BookingStore
    let partitions: @Sendable (String) async throws(Failure) -> Bool

    /// Books, and says whether the booking was there before. It runs to its end also when nobody waits for the answer any more.
    /// - Parameters:
    ///   - key: the client's Idempotency-Key; the same one names the same booking for ever.
    ///   - onID: told each id before anything is asked under it.
    func book(
        _ request: BookingRequest, key: String?, metadata: RequestMetadata, onID: @Sendable (BookingID) -> Void
    ) async throws(Failure) -> Booked {
        guard try await partitions(request.exhibition.partition) else { throw .unknownMuseum(request.exhibition.text) }
        return try await attempt.run(request, key: key, metadata: metadata, onID: onID)
    }

    func find(_ id: BookingID) async throws(Failure) -> Booking {
        guard let booking = try await store.find(id) else { throw .unknownBooking(id.text) }
        return booking
    }

    /// Cancels, once; whoever asks again gets the same booking.
    func cancel(_ id: BookingID, metadata: RequestMetadata) async throws(Failure) -> Booking {
        let transition = Transition(of: id, .cancel, metadata)
        let outcome: TransitionOutcome
        do throws(Failure) {
            outcome = try await store.apply([transition])[0]
        } catch {
            guard case .outcomeUnknown = error else { throw error }
            // Canceling twice does no more than once; that the second was not sent says nothing of the first.
            do throws(Failure) {
                outcome = try await store.apply([transition])[0]
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
}

/// A booking that stands, and whether this request found it made already.
struct Booked: Sendable, Equatable {
    let booking: Booking
    let isReplayed: Bool
}
