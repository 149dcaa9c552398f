import Contracts

/// What staff and visitors do with exhibitions.
public struct ExhibitionService: Sendable {
    private let store: any ExhibitionStore
    private let partitions: PartitionChoice

    /// How often an edit starts anew because another one came between reading and writing.
    private static let editAttempts = 8

    init(store: any ExhibitionStore, partitions: PartitionChoice) {
        self.store = store
        self.partitions = partitions
    }

    func register(_ plan: ExhibitionPlan, cause: Cause) async throws(Failure) -> Exhibition {
        try await store.register(plan, in: partitions.next(), cause: cause)
    }

    func find(_ id: ExhibitionID) async throws(Failure) -> Exhibition {
        guard let exhibition = try await store.find(id) else { throw .unknownMuseum(id.text) }
        return exhibition
    }

    /// The rules are applied here to what was read; the script takes the result only if nothing has changed since.
    func edit(_ id: ExhibitionID, _ patch: ExhibitionPatch, cause: Cause) async throws(Failure) -> Exhibition {
        for _ in 0..<Self.editAttempts {
            let current = try await find(id)
            guard current.status != .deleted else { throw .museumDeleted(id.text) }
            if let version = patch.version, version != current.version { throw .versionMismatch(current: current.version) }
            let plan = try patch.applied(to: current.plan)
            let status = patch.status ?? current.status
            switch try await store.edit(id, at: current.version, to: plan, status: status, cause: cause) {
            case .changed(let exhibition), .unchanged(let exhibition): return exhibition
            case .noExhibition: throw .unknownMuseum(id.text)
            case .deleted: throw .museumDeleted(id.text)
            case .belowHeld(let held): throw .capacityBelowHeld(held: held)
            case .stale: continue
            }
        }
        throw .storageUnavailable("Too many edits of exhibition \(id.text) at once")
    }

    func delete(_ id: ExhibitionID, cause: Cause) async throws(Failure) -> Exhibition {
        try await store.delete(id, cause: cause)
    }
}

/// Says in which partition the next exhibition goes.
struct PartitionChoice: Sendable {
    let names: [String]
    let pick: @Sendable (Int) -> Int

    func next() -> String { names[pick(names.count)] }
}
