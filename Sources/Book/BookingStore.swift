import Contracts

/// Where bookings are kept. Only ``record(_:as:cause:)`` and ``abort(_:as:cause:)`` create one.
protocol BookingStore: Sendable {
    func record(_ order: Order, as id: BookingID, cause: Cause) async throws(Failure) -> RecordOutcome
    func abort(_ order: Order, as id: BookingID, cause: Cause) async throws(Failure) -> AbortOutcome
    /// One outcome for each, in order.
    func advance(_ steps: [Step]) async throws(Failure) -> [AdvanceOutcome]
    func find(_ id: BookingID) async throws(Failure) -> Booking?
}

struct Step: Sendable {
    let booking: BookingID
    let transition: Transition
    let cause: Cause
}

enum RecordOutcome: Sendable, Equatable {
    case recorded(Booking)
    case exists(Booking)
    /// The id stands for another visitor or another number of seats.
    case mismatch
    case aborted
}

enum AbortOutcome: Sendable, Equatable {
    case aborted
    case exists(Booking)
}

enum AdvanceOutcome: Sendable, Equatable {
    case absent
    /// Its state is none that the transition starts from.
    case skipped(Booking)
    case advanced(Booking)
}
