import Contracts

/// Where bookings are kept. Only ``record(_:)`` and ``abort(_:as:metadata:)`` create one.
protocol BookingStore: Sendable {
    /// Records bookings whose seats are reserved. One outcome for each, in order.
    func record(_ bookings: [ReservedBooking]) async throws(Failure) -> [RecordOutcome]
    func abort(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> AbortOutcome
    /// Changes one booking, and returns it.
    func change(_ transition: Transition) async throws(Failure) -> TransitionOutcome
    /// Changes many bookings. One code for each, in order.
    func apply(_ transitions: [Transition]) async throws(Failure) -> [TransitionCode]
    func find(_ id: BookingID) async throws(Failure) -> Booking?
    /// Newest first within an exhibition, exhibition by exhibition.
    /// - Parameter partitions: where to look, if no exhibition is named.
    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [BookingStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Booking>
}

/// A booking that has seats and is still to be recorded.
struct ReservedBooking: Sendable {
    let id: BookingID
    let request: BookingRequest
    let metadata: RequestMetadata
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

enum TransitionCode: Sendable, Equatable {
    case absent, skipped, applied
}

/// The same, with the booking as it is afterwards.
enum TransitionOutcome: Sendable, Equatable {
    case absent
    /// Its state is none that the transition starts from.
    case skipped(Booking)
    case applied(Booking)
}
