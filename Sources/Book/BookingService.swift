import Contracts
import Synchronization

/// What visitors do with bookings.
struct BookingService: Sendable {
    let attempt: BookingAttempt
    let store: any BookingStore
    /// When a request is answered at the latest.
    static let answerWithin = Duration.seconds(2)

    let partitions: @Sendable (String) async throws(Failure) -> Bool

    /// Books, and says whether the booking was there before.
    /// - Parameter key: the client's Idempotency-Key; the same one names the same booking for ever.
    func book(_ order: Order, key: String?, cause: Cause) async throws(Failure) -> Booked {
        guard try await partitions(order.exhibition.partition) else { throw .unknownMuseum(order.exhibition.text) }
        let tried = TriedID()
        // In a task of its own: it runs to its end even if the client hangs up, the deadline passes, or shutdown begins.
        let task = Task { () async -> Result<Booked, Failure> in
            do throws(Failure) {
                return .success(try await attempt.run(order, key: key, cause: cause) { tried.id = $0 })
            } catch {
                return .failure(error)
            }
        }
        return try await Deadline.first(
            of: task, within: Self.answerWithin, else: .failure(.outcomeUnknown(booking: tried.id))
        ).get()
    }

    func find(_ id: BookingID) async throws(Failure) -> Booking {
        guard let booking = try await store.find(id) else { throw .unknownBooking(id.text) }
        return booking
    }

    /// Cancels, once; whoever asks again gets the same booking.
    func cancel(_ id: BookingID, cause: Cause) async throws(Failure) -> Booking {
        let step = Step(booking: id, transition: .cancel, cause: cause)
        let outcome: AdvanceOutcome
        do throws(Failure) {
            outcome = try await store.advance([step])[0]
        } catch {
            guard case .outcomeUnknown = error else { throw error }
            // Canceling twice does no more than once; that the second was not sent says nothing of the first.
            do throws(Failure) {
                outcome = try await store.advance([step])[0]
            } catch {
                if case .internal = error { throw error }
                throw .outcomeUnknown(booking: id)
            }
        }
        switch outcome {
        case .absent: throw .unknownBooking(id.text)
        case .advanced(let booking): return booking
        case .skipped(let booking):
            switch booking.status {
            case .forceCanceled: throw .alreadyForceCanceled
            case .aborted: throw .alreadyAborted
            default: return booking
            }
        }
    }
}

/// The id that an attempt is at, for whoever stops waiting for it.
private final class TriedID: Sendable {
    private let latest = Mutex<BookingID?>(nil)

    var id: BookingID? {
        get { latest.withLock { $0 } }
        set { latest.withLock { $0 = newValue } }
    }
}

/// A booking that stands, and whether this request found it made already.
struct Booked: Sendable, Equatable {
    let booking: Booking
    let isReplayed: Bool
}
