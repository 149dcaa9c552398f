import TestSupport

extension FaultDeployment {
    /// Injects one fault, and heals at least what it has broken itself.
    /// - Returns: how often it demonstrably injected: processes, connections, bytes or replies, as the kind has it.
    func inject(_ kind: FaultKind, _ random: inout SeededRandom) async throws -> Int {
        note(kind.rawValue)
        return switch kind {
        case .killService: try await killService(&random)
        case .stopService: try await stopService(&random)
        case .killRedis: try await killRedis()
        case .restartRedis: try await restartRedis()
        case .stopRedis: try await stopRedis(&random)
        case .killAll: try await killAll()
        case .powerLoss: try await powerLoss(&random)
        case .cutLog: try await cutLog(&random)
        case .diskFull: try await diskFull()
        case .lateRequests: try await lateRequests(&random)
        case .lostReplies: try await lostReplies(&random)
        case .cutConnections: try await cutConnections(&random)
        case .halfOpen: try await halfOpen(&random)
        case .clientPause: try await clientPause(&random)
        case .clientKill: try await clientKill()
        case .scriptFlush: try await scriptFlush()
        case .groupDestroyed: try await groupDestroyed(&random)
        case .groupSetBack: try await groupSetBack(&random)
        case .outOfMemory: try await outOfMemory(&random)
        case .rightWithdrawn: try await rightWithdrawn(&random)
        case .poison: try await poison(&random)
        case .clockJump: try await clockJump(&random)
        case .postponedPurge: try await postponedPurge(&random)
        case .slowRedis: try await slowRedis(&random)
        case .orphanReservation: try await orphanReservation(&random)
        case .groupRecreated: try await groupRecreated(&random)
        case .readsRefused: try await readsRefused(&random)
        case .killPrimary: try await killPrimary(&random)
        case .stopPrimary: try await stopPrimary(&random)
        case .partitionPrimary: try await partitionPrimary(&random)
        case .plannedFailover: try await plannedFailover(&random)
        case .killReplica: try await killReplica(&random)
        case .migrateSlot: try await migrateSlot(&random)
        }
    }

    /// How many processes an injection of this kind kills.
    func kills(_ kind: FaultKind) -> Int {
        switch kind {
        case .killService, .killRedis, .groupRecreated, .killPrimary, .killReplica: 1
        case .killAll, .powerLoss, .cutLog: services.count + ((redis as? any RedisGroup)?.nodes.count ?? 1)
        default: 0
        }
    }
}
