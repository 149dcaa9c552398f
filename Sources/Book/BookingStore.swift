import Contracts

/// Where bookings are kept. Only ``record(_:as:metadata:)`` and ``abort(_:as:metadata:)`` create one.
protocol BookingStore: Sendable {
    func record(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> RecordOutcome
    func abort(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> AbortOutcome
    /// One outcome for each, in order.
    func apply(_ transitions: [Transition]) async throws(Failure) -> [TransitionOutcome]
    func find(_ id: BookingID) async throws(Failure) -> Booking?
    /// Newest first within an exhibition, exhibition by exhibition.
    /// - Parameter partitions: where to look, if no exhibition is named.
    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [BookingStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Booking>
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

enum TransitionOutcome: Sendable, Equatable {
    case absent
    /// Its state is none that the transition starts from.
    case skipped(Booking)
    case applied(Booking)
}
