public import Contracts

/// Book's way to Museum: takes seats of one exhibition for several bookings in one call.
public protocol SeatReservations: Sendable {
    /// One outcome for each reservation, in order.
    /// - Parameter deadline: after it, nobody waits for the outcome any more.
    func reserve(
        _ reservations: [Reservation], for exhibition: ExhibitionID, before deadline: ContinuousClock.Instant
    ) async throws(ReservationError) -> [ReservationOutcome]
}

/// Why there is no outcome.
public enum ReservationError: Error, Sendable, Equatable {
    /// Nothing was reserved; the reason.
    case notSent(Failure)
    /// The seats may have been reserved.
    case outcomeUnknown
}
