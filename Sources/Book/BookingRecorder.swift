import Contracts

/// Records bookings in one call.
struct BookingRecorder: Sendable {
    let store: any BookingStore

    /// One outcome for each, in order. An internal error of several is traced to its single booking.
    func record(_ bookings: [NewBooking]) async -> [Result<RecordOutcome, Failure>] {
        do throws(Failure) {
            return try await store.record(bookings).map { .success($0) }
        } catch {
            guard case .internal = error, bookings.count > 1 else { return bookings.map { _ in .failure(error) } }
            var outcomes: [Result<RecordOutcome, Failure>] = []
            for booking in bookings { outcomes += await record([booking]) }
            return outcomes
        }
    }
}
