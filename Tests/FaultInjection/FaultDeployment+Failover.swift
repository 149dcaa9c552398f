import Foundation
import Redis
import TestSupport

/// Faults of several redis-servers. Each ends when every server is up to date again.
extension FaultDeployment {
    /// How long a failover may take until the fault counts as not injected.
    private static let replacedWithin = Duration.seconds(20)

    var group: any RedisGroup {
        get throws {
            guard let group = redis as? any RedisGroup else { throw Failed("there is one redis-server only") }
            return group
        }
    }

    func killPrimary(_ random: inout SeededRandom) async throws -> Int {
        let (partition, pause) = (Self.somePartition(&random), random.milliseconds(0...2000))
        let (group, old) = (try group, try await group.primary(of: partition))
        try await beginGap(.killPrimary, old)
        old.kill()
        let injected = await isReplaced(old, of: partition)
        try await Task.sleep(for: pause)
        try await group.launch(old)
        try await group.waitUntilHealthy(within: .seconds(60))
        return injected ? 1 : 0
    }

    func stopPrimary(_ random: inout SeededRandom) async throws -> Int {
        let (partition, pause) = (Self.somePartition(&random), random.milliseconds(0...1000))
        let (group, old) = (try group, try await group.primary(of: partition))
        try await beginGap(.stopPrimary, old)
        old.signal(SIGSTOP)
        let injected = await isReplaced(old, of: partition)
        try await Task.sleep(for: pause)
        old.signal(SIGCONT)
        note("\(old.host) goes on")
        try await becomesReplica(old, in: group)
        return injected ? 1 : 0
    }

    func partitionPrimary(_ random: inout SeededRandom) async throws -> Int {
        let (partition, pause) = (Self.somePartition(&random), random.milliseconds(0...1500))
        let (group, old) = (try group, try await group.primary(of: partition))
        let start = ContinuousClock.now
        note("\(old.host) loses the others")
        isolated.update { $0[old.host] = start }
        defer { isolated.update { $0[old.host] = nil } }
        try NetworkPartition.isolate(old, from: group.nodes)
        // Where no replica need confirm, it goes on acknowledging, and there is no gap.
        if setup.durability == .replicated { try await beginGap(.partitionPrimary, old) }
        let injected = await isReplaced(old, of: partition)
        let least = start + .seconds(4) - .now
        try await Task.sleep(for: max(least, .zero) + pause)
        try NetworkPartition.heal()
        note("\(old.host) has the others again")
        try await becomesReplica(old, in: group)
        return injected ? 1 : 0
    }

    func plannedFailover(_ random: inout SeededRandom) async throws -> Int {
        let partition = Self.somePartition(&random)
        let (group, old) = (try group, try await group.primary(of: partition))
        try await beginGap(.plannedFailover, old)
        try await group.failOver(partition)
        let injected = await isReplaced(old, of: partition)
        try await group.waitUntilHealthy(within: .seconds(60))
        return injected ? 1 : 0
    }

    func killReplica(_ random: inout SeededRandom) async throws -> Int {
        let pause = random.milliseconds(0...3000)
        let group = try group
        var replicas: [RedisServer] = []
        for server in group.servers where try await server.info("role") == "slave" { replicas.append(server) }
        guard let replica = replicas.randomElement(using: &random) else { return 0 }
        note("SIGKILL of the replica \(replica.host), back after \(pause)")
        replica.kill()
        try await Task.sleep(for: pause)
        try await group.launch(replica)
        try await group.waitUntilHealthy(within: .seconds(60))
        return 1
    }

    func migrateSlot(_ random: inout SeededRandom) async throws -> Int {
        guard let cluster = redis as? ClusterServers else { throw Failed("there is no cluster") }
        let partition = Self.somePartition(&random)
        let source = try await cluster.primary(of: partition)
        guard let target = try await cluster.primaries().filter({ $0 !== source }).randomElement(using: &random) else { return 0 }
        let moved = try await cluster.migrate(partition, to: target)
        note("the slot of \(partition) with \(moved.keys) keys was moved in \(moved.took)")
        try await cluster.waitUntilHealthy()
        return moved.keys
    }

    private static func somePartition(_ random: inout SeededRandom) -> String { random.once(in: 2) ? "a" : "b" }

    /// Measures from now how long no booking is acknowledged in the partitions of a primary.
    private func beginGap(_ kind: FaultKind, _ old: RedisServer) async throws {
        for partition in ["a", "b"] where try await group.primary(of: partition) === old { gaps.begin(kind, in: partition) }
        note("\(old.host) is the primary")
    }

    private func isReplaced(_ old: RedisServer, of partition: String) async -> Bool {
        let isReplaced = await happens(within: Self.replacedWithin) { try await group.primary(of: partition) !== old }
        note(isReplaced ? "\(old.host) is replaced" : "\(old.host) was not replaced")
        return isReplaced
    }

    /// Waits until an old primary that has returned follows the new one.
    private func becomesReplica(_ old: RedisServer, in group: any RedisGroup) async throws {
        // A sentinel closes the clients' connections when it changes the role.
        try await eventually("\(old.host) is a replica", within: .seconds(60)) { (try? await old.info("role")) == "slave" }
        note("\(old.host) is a replica")
        try await group.waitUntilHealthy(within: .seconds(60))
    }
}
