import Contracts

/// The use cases of exhibitions: staff register, edit and delete them; everybody reads them.
struct ExhibitionService: Sendable {
    let store: any ExhibitionStore
    let partitions: any PartitionDirectory
    let choice: PartitionChoice
    /// Sent to after each deletion.
    let revocation: RevocationSignal

    /// How often an edit starts anew because another one came between reading and writing.
    private static let editAttempts = 8

    /// Most exhibitions that are registered at once.
    static let plansLimit = 1000

    /// Registers exhibitions, all or none.
    /// - Parameters:
    ///   - plans: 1 to ``plansLimit``.
    ///   - key: the client's Idempotency-Key; the same one names the same exhibitions for ever.
    func register(_ plans: [ExhibitionPlan], key: String?, metadata: RequestMetadata) async throws(Failure) -> Registered {
        guard let key else {
            return try await registered(
                try await store.register(plans, key: nil, in: choice.next(), metadata: metadata))
        }
        // It may lie in another partition: their number may have been raised since.
        if let known = try await store.registration(of: plans, key: key) { return try await registered(.known(known)) }
        let partition = choice.choose(for: key)
        do throws(Failure) {
            return try await registered(try await store.register(plans, key: key, in: partition, metadata: metadata))
        } catch {
            guard case .outcomeUnknown = error else { throw error }
            // Under a key a second call does no more than one.
            return try await registered(try await store.register(plans, key: key, in: partition, metadata: metadata))
        }
    }

    private func registered(_ outcome: RegisterOutcome) async throws(Failure) -> Registered {
        switch outcome {
        case .registered(let exhibitions):
            if let first = exhibitions.first { partitions.note(first.id.partition) }
            return Registered(exhibitions: exhibitions, isReplayed: false)
        case .known(let known):
            guard known.hasSameFields else { throw .idempotencyMismatch }
            // It may be in a partition that another process brought into use.
            partitions.note(known.ids[0].partition)
            let exhibitions = try await store.find(known.ids).compactMap { $0 }
            guard !exhibitions.isEmpty else { throw .unknownMuseum(known.ids[0].text) }
            return Registered(exhibitions: exhibitions, isReplayed: true)
        }
    }

    func find(_ id: ExhibitionID) async throws(Failure) -> Exhibition {
        try await store.find([id])[0].orThrow(.unknownMuseum(id.text))
    }

    /// The rules are applied here to what was read; the script takes the result only if nothing has changed since.
    func edit(_ id: ExhibitionID, _ patch: ExhibitionPatch, metadata: RequestMetadata) async throws(Failure) -> Exhibition {
        for _ in 0..<Self.editAttempts {
            let current = try await find(id)
            guard current.status != .deleted else { throw .museumDeleted(id.text) }
            if let version = patch.version, version != current.version { throw .versionMismatch(current: current.version) }
            let plan = try patch.applied(to: current.plan)
            let status = patch.status ?? current.status
            switch try await store.edit(id, at: current.version, to: plan, status: status, metadata: metadata) {
            case .changed(let exhibition), .unchanged(let exhibition): return exhibition
            case .noExhibition: throw .unknownMuseum(id.text)
            case .deleted: throw .museumDeleted(id.text)
            case .belowHeld(let held): throw .capacityBelowHeld(held: held)
            case .stale: continue
            }
        }
        throw .storageUnavailable("Too many edits of exhibition \(id.text) at once")
    }

    func delete(_ id: ExhibitionID, metadata: RequestMetadata) async throws(Failure) -> Exhibition {
        let exhibition = try await store.delete(id, metadata: metadata)
        revocation.send()
        return exhibition
    }

    func page(
        _ request: PageRequest, _ filter: ExhibitionFilter, in partitions: any PartitionDirectory
    ) async throws(Failure) -> Page<Exhibition> {
        try await store.page(request, filter, partitions: try await partitions.inUse())
    }
}

/// Exhibitions, and whether they were there before this request.
struct Registered: Sendable, Equatable {
    /// At least one.
    let exhibitions: [Exhibition]
    let isReplayed: Bool
}

/// Says in which partition the next exhibition goes.
struct PartitionChoice: Sendable {
    let names: [String]
    let pick: @Sendable (Int) -> Int

    func next() -> String { names[pick(names.count)] }

    /// The same for the same key, in every process: FNV-1a of its bytes.
    func choose(for key: String) -> String {
        let hash = key.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return names[Int(hash % UInt64(names.count))]
    }
}
