import Contracts

/// Where the seats of exhibitions are kept.
protocol SeatStore: Sendable {
    /// One outcome for each, in order. At most ``Reservation/batchLimit``.
    /// - Parameter local: that moment in the museum's time zone, by which an exhibition is over or not.
    func reserve(
        _ reservations: [Reservation], for id: ExhibitionID, at moment: UnixMilliseconds, local: LocalDateTime
    ) async throws(Failure) -> [ReservationOutcome]
    /// Releases the seats that the bookings don't keep. Idempotent, in any order.
    func release(_ releases: [SeatRelease]) async throws(Failure)
    /// Revokes the seats of some bookings of a deleted exhibition. Returns of how many; `nil` if none are left.
    func revokeSome(of id: ExhibitionID, at moment: UnixMilliseconds) async throws(Failure) -> Int?
    /// Deleted exhibitions of the partition of which bookings still hold seats.
    func revoking(in partition: String) async throws(Failure) -> [ExhibitionID]
}

/// A booking that holds fewer seats from now on.
struct SeatRelease: Sendable {
    let booking: BookingID
    /// The seats that it keeps; 0 for a booking that is over.
    let kept: Int
    let metadata: RequestMetadata
}
