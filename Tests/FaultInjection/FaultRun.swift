import Redis
import Scripts
import TestSupport

/// A deployment, clients, and faults for a while; then everything is healed, and what visitors were told is held against what is
/// there.
public struct FaultRun: Sendable {
    public let kinds: [FaultKind]
    public let layout: FaultSetup.Layout
    public let topology: FaultSetup.Topology
    public let durability: FaultSetup.Durability
    public let seed: UInt64
    /// How long faults are injected.
    public let span: Duration
    /// The number of concurrent clients.
    public let clients: Int
    public let statistics: RunStatistics

    public init(
        kinds: Set<FaultKind>, layout: FaultSetup.Layout, topology: FaultSetup.Topology = .single,
        durability: FaultSetup.Durability = .local, seed: UInt64, span: Duration, clients: Int,
        statistics: RunStatistics = RunStatistics()
    ) {
        self.kinds = FaultSetup.possible(kinds, in: layout, on: topology).sorted { $0.rawValue < $1.rawValue }
        self.layout = layout
        self.topology = topology
        self.durability = durability
        self.seed = seed
        self.span = span
        self.clients = clients
        self.statistics = statistics
    }

    /// The result of a run.
    public struct Outcome: Sendable {
        public let violations: [Violation]
        /// The trace of each booking or exhibition concerned; the shortest first.
        public let traces: [String]
        public let audit: String
        /// Bookings that were acknowledged just before or during a failover and are lost, where DURABILITY is local.
        public let lost: Int
        /// The injected faults, with their times.
        public let journal: [String]
    }

    /// How long all may take to settle once everything is healed.
    private static let settleWithin = Duration.seconds(60)

    /// - Throws: ``Failed`` where the harness could not do its own part.
    public func run() async throws -> Outcome {
        var random = SeededRandom(seed: seed)
        let setup = FaultSetup(layout: layout, topology: topology, durability: durability, kinds: Set(kinds))
        let deployment = try await FaultDeployment.open(setup, random: &random)
        do {
            let outcome = try await deployment.watchingFailovers { try await run(deployment, &random) }
            await deployment.close()
            return outcome
        } catch {
            await deployment.close()
            throw error
        }
    }

    private func run(_ deployment: FaultDeployment, _ random: inout SeededRandom) async throws -> Outcome {
        let state = deployment.state
        var staff = StaffWorkload(deployment: deployment, state: state, random: random.split(), statistics: statistics)
        try await staff.open()
        var clients = (0..<clients).map {
            ClientWorkload(number: $0, deployment: deployment, state: state, random: random.split(), statistics: statistics)
        }
        let nemesis = Nemesis(deployment: deployment, kinds: kinds, random: random.split(), statistics: statistics)
        let end = ContinuousClock.now + span

        var seen: [Violation] = []
        (clients, staff, seen) = try await withThrowingTaskGroup(of: Part.self) { group in
            for client in clients { group.addTask { .client(await client.ran(until: end)) } }
            group.addTask { [staff] in .staff(await staff.ran(until: end)) }
            group.addTask { [nemesis] in
                var nemesis = nemesis
                try await nemesis.run(until: end)
                return .done
            }
            group.addTask { .watch(try await InvariantMonitor(deployment).run(until: end)) }
            var (ran, staffRan, seen) = ([ClientWorkload](), staff, [Violation]())
            for try await part in group {
                switch part {
                case .client(let client): ran.append(client)
                case .staff(let staff): staffRan = staff
                case .watch(let violations): seen += violations
                case .done: break
                }
            }
            return (ran, staffRan, seen)
        }

        try await deployment.heal()
        try await deployment.drain()
        let settled = ContinuousClock.now + Self.settleWithin
        await staff.settle(before: settled)
        clients = await withTaskGroup { group in
            for client in clients {
                group.addTask {
                    var client = client
                    await client.settle(before: settled)
                    return client
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        try await deployment.finishPurge()
        return try await check(deployment, clients, staff, seen, state)
    }

    /// Whether audit names nothing but bookings that a failover has left without seats.
    private func isClean(_ audit: (code: Int32, output: String), _ unseated: Set<String>) -> Bool {
        let named = audit.output.split(separator: "\n").filter { $0.contains(":{") }
        return audit.code == 0
            || !named.isEmpty && named.allSatisfy { line in unseated.contains { line.contains($0) } }
    }

    private enum Part: Sendable {
        case client(ClientWorkload)
        case staff(StaffWorkload)
        case watch([Violation])
        case done
    }

    private func check(
        _ deployment: FaultDeployment, _ clients: [ClientWorkload], _ staff: StaffWorkload, _ seen: [Violation],
        _ state: FaultState
    ) async throws -> Outcome {
        if deployment.setup.mayLoseReservations { try await deployment.waitForRepairs() }
        let audit = try await deployment.audit(wait: "60s")
        let checker = try await Checker(deployment, operations: clients.flatMap(\.operations), state: state.all)
        var violations =
            seen + deployment.findings.value + checker.violations + staff.violations.map { Violation(booking: "staff", what: $0) }
        if !isClean(audit, checker.unseated) { violations.append(Violation(booking: "audit", what: audit.output)) }
        for server in deployment.redis.servers {
            let denied = try await server.send("ACL", "LOG")
            if denied != .array([]) { violations.append(Violation(booking: "users.acl", what: "a right was missing: \(denied)")) }
        }
        statistics.count(lost: checker.lost, unseated: checker.unseated.count, gaps: deployment.gaps.ended)
        let traces = Set(violations.map(\.booking)).prefix(50).map { id in
            (violations.filter { $0.booking == id }.map { "\(id) \($0.what)" } + checker.trace(of: id)).joined(separator: "\n")
        }
        if !violations.isEmpty {
            violations.append(Violation(booking: "journal", what: deployment.journal.value.joined(separator: "\n")))
        }
        return Outcome(
            violations: violations, traces: traces.sorted { ($0.count, $0) < ($1.count, $1) }, audit: audit.output,
            lost: checker.lost, journal: deployment.journal.value)
    }
}

extension ClientWorkload {
    fileprivate func ran(until end: ContinuousClock.Instant) async -> ClientWorkload {
        var client = self
        await client.run(until: end)
        return client
    }
}

extension StaffWorkload {
    fileprivate func ran(until end: ContinuousClock.Instant) async -> StaffWorkload {
        var staff = self
        await staff.run(until: end)
        return staff
    }
}

/// Injects one fault after another.
private struct Nemesis: Sendable {
    let deployment: FaultDeployment
    let kinds: [FaultKind]
    var random: SeededRandom
    let statistics: RunStatistics

    mutating func run(until end: ContinuousClock.Instant) async throws {
        // Each kind once, then by their weights.
        var next = kinds.shuffled(using: &random)
        let weighted = kinds.flatMap { kind in [FaultKind](repeating: kind, count: kind.weight) }
        while .now < end, !kinds.isEmpty {
            try await Task.sleep(for: random.milliseconds(100...900))
            let kind = next.popLast() ?? weighted.randomElement(using: &random)!
            do {
                let injected = try await deployment.inject(kind, &random)
                statistics.count(kind, injected: injected, kills: injected > 0 ? deployment.kills(kind) : 0)
            } catch {
                throw Failed("injecting \(kind.rawValue): \(error)")
            }
        }
    }
}
