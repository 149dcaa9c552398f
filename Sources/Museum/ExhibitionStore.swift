public import Contracts

/// Where exhibitions are kept.
protocol ExhibitionStore: Sendable {
    /// Registers it, or finds what was registered under the key.
    func register(_ plan: ExhibitionPlan, key: String?, in partition: String, metadata: RequestMetadata) async throws(Failure)
        -> RegisterOutcome
    /// What was registered under the key, in whichever partition.
    func registration(of plan: ExhibitionPlan, key: String) async throws(Failure) -> KnownRegistration?
    func edit(
        _ id: ExhibitionID, at version: Int, to plan: ExhibitionPlan, status: ExhibitionStatus, metadata: RequestMetadata
    ) async throws(Failure) -> EditOutcome
    /// Deletes it, or finds it deleted already; either way it is returned.
    func delete(_ id: ExhibitionID, metadata: RequestMetadata) async throws(Failure) -> Exhibition
    func find(_ id: ExhibitionID) async throws(Failure) -> Exhibition?
}

enum RegisterOutcome: Sendable, Equatable {
    case registered(Exhibition)
    case known(KnownRegistration)
}

/// An exhibition that was registered before under the same idempotency key.
struct KnownRegistration: Sendable, Equatable {
    let id: ExhibitionID
    /// Whether it was registered with the same fields.
    let hasSameFields: Bool
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
    /// - Parameter local: that moment in the museum's time zone, by which an exhibition is over or not.
    func reserve(
        _ reservations: [Reservation], for id: ExhibitionID, at moment: UnixMilliseconds, local: LocalDateTime
    ) async throws(Failure) -> [ReservationOutcome]
    /// Gives the bookings' seats back, each once however often it is asked.
    func release(_ releases: [(booking: BookingID, metadata: RequestMetadata)]) async throws(Failure)
    /// Takes back the seats of some bookings of a deleted exhibition. Returns whether more may be left.
    func revokeSome(of id: ExhibitionID, at moment: UnixMilliseconds) async throws(Failure) -> Bool
    /// Deleted exhibitions of the partition of which bookings still hold seats.
    func revoking(in partition: String) async throws(Failure) -> [ExhibitionID]
}
