public import Contracts

/// The use cases of seats: Book reserves them, a canceled, aborted or smaller booking releases them, a deletion revokes them.
public struct SeatReservationService: Sendable {
    let store: any SeatStore

    /// One outcome for each reservation, in order. At most ``Reservation/batchLimit``.
    /// - Parameter local: that moment in the museum's time zone, by which an exhibition is over or not.
    public func reserve(
        _ reservations: [Reservation], for id: ExhibitionID, at moment: UnixMilliseconds, local: LocalDateTime
    ) async throws(Failure) -> [ReservationOutcome] {
        try await store.reserve(reservations, for: id, at: moment, local: local)
    }

    /// Releases the seats of bookings, each once, however often it is called.
    func release(_ releases: [SeatRelease]) async throws(Failure) {
        if !releases.isEmpty { try await store.release(releases) }
    }

    /// Book, Confirm and MyPage follow each booking whose seats are revoked. Without a pause Redis had no time for others: the p99 of
    /// other bookings rose sevenfold. With it, it rises to 1.7 times (docs/benchmarks).
    private static let pauseForEach = Duration.microseconds(300)

    /// Revokes the seats of all bookings of a deleted exhibition, in bounded steps, at most 3,300 a second. Stopped after any step,
    /// a later call continues.
    func revoke(_ id: ExhibitionID, now: CurrentTime) async throws(Failure) {
        while !Task.isCancelled, let revoked = try await store.revokeSome(of: id, at: now()) {
            try? await Task.sleep(for: Self.pauseForEach * revoked)
        }
    }

    /// Deleted exhibitions of the partition of which bookings still hold seats.
    func revoking(in partition: String) async throws(Failure) -> [ExhibitionID] { try await store.revoking(in: partition) }
}
