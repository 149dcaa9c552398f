import Foundation
import Redis
import TestSupport

/// Faults of several redis-servers. Each ends when every server is up to date again.
extension FaultDeployment {
    /// What was acknowledged so long before a failover may not have reached a replica yet.
    private static let lag = Duration.seconds(3)
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
        let start = try await beginGap(.killPrimary, old)
        old.kill()
        mayLose(from: start, to: .now)
        let injected = await isReplaced(old, of: partition)
        try await Task.sleep(for: pause)
        try await group.launch(old)
        try await group.waitUntilHealthy(within: .seconds(60))
        return injected ? 1 : 0
    }

    func stopPrimary(_ random: inout SeededRandom) async throws -> Int {
        let (partition, pause) = (Self.somePartition(&random), random.milliseconds(0...1000))
        let (group, old) = (try group, try await group.primary(of: partition))
        let start = try await beginGap(.stopPrimary, old)
        old.signal(SIGSTOP)
        let injected = await isReplaced(old, of: partition)
        try await Task.sleep(for: pause)
        old.signal(SIGCONT)
        note("\(old.host) goes on")
        try await becomesReplica(old, in: group, since: start)
        return injected ? 1 : 0
    }

    func partitionPrimary(_ random: inout SeededRandom) async throws -> Int {
        let (partition, pause) = (Self.somePartition(&random), random.milliseconds(0...1500))
        let (group, old) = (try group, try await group.primary(of: partition))
        // Without replicas it acknowledges nothing; else it goes on acknowledging, and there is no gap.
        let start = setup.durability == .replicated ? try await beginGap(.partitionPrimary, old) : ContinuousClock.now
        note("\(old.host) loses the others")
        try NetworkPartition.isolate(old, from: group.nodes)
        let injected = await isReplaced(old, of: partition)
        let least = start + .seconds(4) - .now
        try await Task.sleep(for: max(least, .zero) + pause)
        try NetworkPartition.heal()
        note("\(old.host) has the others again")
        try await becomesReplica(old, in: group, since: start)
        return injected ? 1 : 0
    }

    func plannedFailover(_ random: inout SeededRandom) async throws -> Int {
        let partition = Self.somePartition(&random)
        let (group, old) = (try group, try await group.primary(of: partition))
        _ = try await beginGap(.plannedFailover, old)
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
    private func beginGap(_ kind: FaultKind, _ old: RedisServer) async throws -> ContinuousClock.Instant {
        for partition in ["a", "b"] where try await group.primary(of: partition) === old { gaps.begin(kind, in: partition) }
        note("\(old.host) is the primary")
        return .now
    }

    private func isReplaced(_ old: RedisServer, of partition: String) async -> Bool {
        let isReplaced = await happens(within: Self.replacedWithin) { try await group.primary(of: partition) !== old }
        note(isReplaced ? "\(old.host) is replaced" : "\(old.host) was not replaced")
        return isReplaced
    }

    /// Waits until an old primary that has returned follows the new one. What it acknowledged until then may be lost.
    private func becomesReplica(
        _ old: RedisServer, in group: any RedisGroup, since start: ContinuousClock.Instant
    ) async throws {
        let index = losses.update { losses in
            losses.append((start - Self.lag, .now + .seconds(60)))
            return losses.count - 1
        }
        try await eventually("\(old.host) is a replica", within: .seconds(60)) { try await old.info("role") == "slave" }
        losses.update { $0[index].to = .now }
        note("\(old.host) is a replica")
        try await group.waitUntilHealthy(within: .seconds(60))
    }

    /// Notes down that acknowledged bookings of that time may be lost, unless they are replicated first.
    func mayLose(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant) {
        losses.update { $0.append((start - Self.lag, end)) }
    }
}
