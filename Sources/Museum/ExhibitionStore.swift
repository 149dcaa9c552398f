import Contracts

/// Where exhibitions are kept.
protocol ExhibitionStore: Sendable {
    /// Registers all of them, or finds what was registered under the key.
    func register(_ plans: [ExhibitionPlan], key: String?, in partition: String, metadata: RequestMetadata) async throws(Failure)
        -> RegisterOutcome
    /// What was registered under the key, in whichever partition.
    func registration(of plans: [ExhibitionPlan], key: String) async throws(Failure) -> KnownRegistration?
    func edit(
        _ id: ExhibitionID, at version: Int, to plan: ExhibitionPlan, status: ExhibitionStatus, metadata: RequestMetadata
    ) async throws(Failure) -> EditOutcome
    /// Deletes it, or finds it deleted already; either way it is returned.
    func delete(_ id: ExhibitionID, metadata: RequestMetadata) async throws(Failure) -> Exhibition
    /// One for each id, in order.
    func find(_ ids: [ExhibitionID]) async throws(Failure) -> [Exhibition?]
    /// By date, time and id over the partitions.
    func page(_ request: PageRequest, _ filter: ExhibitionFilter, partitions: [String]) async throws(Failure) -> Page<Exhibition>
}

enum RegisterOutcome: Sendable, Equatable {
    /// In the order of the plans.
    case registered([Exhibition])
    case known(KnownRegistration)
}

/// The exhibitions that were registered before under the same idempotency key, but for those that were purged since.
struct KnownRegistration: Sendable, Equatable {
    /// At least one.
    let ids: [ExhibitionID]
    /// Whether they were registered with the same fields.
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
