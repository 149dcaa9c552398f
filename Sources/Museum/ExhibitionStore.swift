public import Contracts

/// Where exhibitions are kept.
protocol ExhibitionStore: Sendable {
    func register(_ plan: ExhibitionPlan, in partition: String, cause: Cause) async throws(Failure) -> Exhibition
    func edit(
        _ id: ExhibitionID, at version: Int, to plan: ExhibitionPlan, status: ExhibitionStatus, cause: Cause
    ) async throws(Failure) -> EditOutcome
    /// Deletes it, or finds it deleted already; either way it is returned.
    func delete(_ id: ExhibitionID, cause: Cause) async throws(Failure) -> Exhibition
    func find(_ id: ExhibitionID) async throws(Failure) -> Exhibition?
}

/// What became of an edit.
enum EditOutcome: Sendable, Equatable {
    case changed(Exhibition)
    case unchanged(Exhibition)
    case noExhibition
    case deleted
    case belowHeld(Int)
    /// Another edit came first.
    case stale
}

/// Where the seats of exhibitions are taken and given back.
public protocol SeatStore: Sendable {
    /// One outcome for each, in order. At most ``Reservation/batchLimit``.
    func reserve(_ reservations: [Reservation], for id: ExhibitionID, at moment: Moment) async throws(Failure)
        -> [ReservationOutcome]
    /// Gives the bookings' seats back, each once however often it is asked.
    func release(_ releases: [(booking: BookingID, cause: Cause)]) async throws(Failure)
    /// Takes back the seats of some bookings of a deleted exhibition. Returns whether more may be left.
    func revokeSome(of id: ExhibitionID, at moment: Moment) async throws(Failure) -> Bool
    /// Deleted exhibitions of the partition of which bookings still hold seats.
    func revoking(in partition: String) async throws(Failure) -> [ExhibitionID]
}
