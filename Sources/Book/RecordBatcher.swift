import Contracts
import Synchronization

/// Records bookings together. The reservations of one call to Museum return at once, so their bookings come to be recorded at
/// once, too: those that wait when the sending task runs go out in one call.
///
/// No call waits for another one, so that a call that hangs delays only its own bookings.
final class RecordBatcher: Sendable {
    private struct Waiter {
        let booking: ReservedBooking
        let continuation: CheckedContinuation<Result<RecordOutcome, Failure>, Never>
    }

    private let store: any BookingStore
    private let waiting = Mutex<[Waiter]>([])

    init(_ store: any BookingStore) { self.store = store }

    func record(_ booking: ReservedBooking) async throws(Failure) -> RecordOutcome {
        // Every path resumes: each call has an outcome, or throws.
        let outcome = await withCheckedContinuation { continuation in
            let isFirst = waiting.withLock { waiting in
                waiting.append(Waiter(booking: booking, continuation: continuation))
                return waiting.count == 1
            }
            // The new task runs after the tasks that are ready to run now.
            if isFirst { Task { await sendWaiting() } }
        }
        return try outcome.get()
    }

    private func sendWaiting() async {
        let waiters = waiting.withLock { waiting in
            defer { waiting.removeAll(keepingCapacity: true) }
            return waiting
        }
        let outcomes = await outcomes(of: waiters.map(\.booking))
        for (waiter, outcome) in zip(waiters, outcomes) { waiter.continuation.resume(returning: outcome) }
    }

    /// One outcome for each, in order. An internal error of several is traced to its single booking.
    private func outcomes(of bookings: [ReservedBooking]) async -> [Result<RecordOutcome, Failure>] {
        do throws(Failure) {
            return try await store.record(bookings).map { .success($0) }
        } catch {
            guard case .internal = error, bookings.count > 1 else { return bookings.map { _ in .failure(error) } }
            var outcomes: [Result<RecordOutcome, Failure>] = []
            for booking in bookings { outcomes += await self.outcomes(of: [booking]) }
            return outcomes
        }
    }
}
