import Contracts

/// Where bookings are kept. Only ``record(_:)`` and ``abort(_:as:metadata:)`` create one.
protocol BookingStore: Sendable {
    /// Records bookings whose seats are reserved. One outcome for each, in order.
    func record(_ bookings: [NewBooking]) async throws(Failure) -> [RecordOutcome]
    func abort(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> AbortOutcome
    /// Changes one booking, and returns it.
    func change(_ transition: Transition) async throws(Failure) -> TransitionOutcome
    /// Lowers the seats of a booking that holds more, and returns it.
    func lower(_ id: BookingID, to seats: Int, metadata: RequestMetadata) async throws(Failure) -> TransitionOutcome
    /// Changes many bookings. One code for each, in order.
    func apply(_ transitions: [Transition]) async throws(Failure) -> [TransitionCode]
    func find(_ id: BookingID) async throws(Failure) -> Booking?
    /// Newest first within an exhibition, exhibition by exhibition.
    /// - Parameter partitions: where to look, if no exhibition is named.
    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [BookingStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Booking>
}

/// A booking whose seats are to be reserved, and which is recorded then.
struct NewBooking: Sendable {
    let id: BookingID
    let request: BookingRequest
    let metadata: RequestMetadata

    var reservation: Reservation {
        Reservation(
            booking: id, seats: request.seats, visitor: request.visitor, requestId: metadata.requestId,
            traceparent: metadata.traceparent)
    }
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
    /// Its state is none that the transition starts from, or it has no more seats than that.
    case skipped(Booking)
    case applied(Booking)
}
