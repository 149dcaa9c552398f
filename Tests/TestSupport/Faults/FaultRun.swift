import Redis
import Scripts

/// A museum, a crowd, and faults for a while; then everything is mended, and what visitors were told is held against what is there.
public struct FaultRun: Sendable {
    public let kinds: [FaultKind]
    public let layout: FaultSetup.Layout
    public let seed: UInt64
    /// How long faults strike.
    public let span: Duration
    /// How many go on booking at the same time.
    public let lanes: Int
    public let tally: Tally

    public init(
        kinds: Set<FaultKind>, layout: FaultSetup.Layout, seed: UInt64, span: Duration, lanes: Int, tally: Tally = Tally()
    ) {
        self.kinds = FaultSetup.possible(kinds, in: layout).sorted { $0.rawValue < $1.rawValue }
        self.layout = layout
        self.seed = seed
        self.span = span
        self.lanes = lanes
        self.tally = tally
    }

    /// What a run came to.
    public struct Outcome: Sendable {
        public let violations: [Violation]
        /// The story of each booking or exhibition concerned; the shortest first.
        public let stories: [String]
        public let audit: String
        /// What befell the museum, and when.
        public let journal: [String]
    }

    /// How long all may take to settle once everything is mended.
    private static let settleWithin = Duration.seconds(60)

    /// - Throws: ``Failed`` where the harness could not do its own part.
    public func run() async throws -> Outcome {
        var random = SeededRandom(seed: seed)
        let house = try await FaultHouse.open(FaultSetup(layout: layout, kinds: Set(kinds)), random: &random)
        do {
            let outcome = try await run(house, &random)
            await house.close()
            return outcome
        } catch {
            await house.close()
            throw error
        }
    }

    private func run(_ house: FaultHouse, _ random: inout SeededRandom) async throws -> Outcome {
        let board = house.board
        var staff = Staff(house: house, board: board, random: random.split(), tally: tally)
        try await staff.open()
        var lanes = (0..<lanes).map { Lane(number: $0, house: house, board: board, random: random.split(), tally: tally) }
        let injector = Injector(house: house, kinds: kinds, random: random.split(), tally: tally)
        let end = ContinuousClock.now + span

        var seen: [Violation] = []
        (lanes, staff, seen) = try await withThrowingTaskGroup(of: Part.self) { group in
            for lane in lanes { group.addTask { .lane(await lane.ran(until: end)) } }
            group.addTask { [staff] in .staff(await staff.ran(until: end)) }
            group.addTask { [injector] in
                var injector = injector
                try await injector.run(until: end)
                return .done
            }
            group.addTask { .watch(try await Watch(house).run(until: end)) }
            var (ran, staffRan, seen) = ([Lane](), staff, [Violation]())
            for try await part in group {
                switch part {
                case .lane(let lane): ran.append(lane)
                case .staff(let staff): staffRan = staff
                case .watch(let violations): seen += violations
                case .done: break
                }
            }
            return (ran, staffRan, seen)
        }

        try await house.mend()
        try await house.drain()
        let settled = ContinuousClock.now + Self.settleWithin
        await staff.settle(before: settled)
        lanes = await withTaskGroup { group in
            for lane in lanes {
                group.addTask {
                    var lane = lane
                    await lane.settle(before: settled)
                    return lane
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        try await house.finishPurge()
        return try await judge(house, lanes, staff, seen, board)
    }

    private enum Part: Sendable {
        case lane(Lane)
        case staff(Staff)
        case watch([Violation])
        case done
    }

    private func judge(
        _ house: FaultHouse, _ lanes: [Lane], _ staff: Staff, _ seen: [Violation], _ board: Board
    ) async throws -> Outcome {
        let audit = try await house.audit(wait: "60s")
        let checker = try await Checker(house, orders: lanes.flatMap(\.orders), board: board.all)
        var violations =
            seen + house.findings.value + checker.violations + staff.complaints.map { Violation(booking: "staff", what: $0) }
        if audit.code != 0 { violations.append(Violation(booking: "audit", what: audit.output)) }
        let denied = try await house.client.send("ACL", "LOG")
        if denied != .array([]) { violations.append(Violation(booking: "users.acl", what: "a right was missing: \(denied)")) }
        let stories = Set(violations.map(\.booking)).prefix(50).map { id in
            (violations.filter { $0.booking == id }.map { "\(id) \($0.what)" } + checker.story(of: id)).joined(separator: "\n")
        }
        if !violations.isEmpty {
            violations.append(Violation(booking: "journal", what: house.journal.value.joined(separator: "\n")))
        }
        return Outcome(
            violations: violations, stories: stories.sorted { ($0.count, $0) < ($1.count, $1) }, audit: audit.output,
            journal: house.journal.value)
    }
}

extension Lane {
    fileprivate func ran(until end: ContinuousClock.Instant) async -> Lane {
        var lane = self
        await lane.run(until: end)
        return lane
    }
}

extension Staff {
    fileprivate func ran(until end: ContinuousClock.Instant) async -> Staff {
        var staff = self
        await staff.run(until: end)
        return staff
    }
}

/// Strikes one fault after another.
private struct Injector: Sendable {
    let house: FaultHouse
    let kinds: [FaultKind]
    var random: SeededRandom
    let tally: Tally

    mutating func run(until end: ContinuousClock.Instant) async throws {
        // Each kind once, then by their weights.
        var next = kinds.shuffled(using: &random)
        let weighted = kinds.flatMap { kind in [FaultKind](repeating: kind, count: kind.weight) }
        while .now < end, !kinds.isEmpty {
            try await Task.sleep(for: random.milliseconds(100...900))
            let kind = next.popLast() ?? weighted.randomElement(using: &random)!
            do {
                let struck = try await house.strike(kind, &random)
                tally.count(kind, struck: struck, kills: struck > 0 ? house.kills(kind) : 0)
            } catch {
                throw Failed("striking \(kind.rawValue): \(error)")
            }
        }
    }
}

/// Looks several times a second at what must hold at every instant: seats held and available are the capacity, none below zero.
private struct Watch: Sendable {
    let house: FaultHouse

    init(_ house: FaultHouse) { self.house = house }

    func run(until end: ContinuousClock.Instant) async throws -> [Violation] {
        var violations: Set<Violation> = []
        while .now < end {
            try await Task.sleep(for: .milliseconds(200))
            for partition in ["a", "b"] {
                let keys = Keys(partition: partition)
                // Redis may be away at any time; then there is nothing to see.
                guard let ids = try? await house.client.send("ZRANGE", keys.exhibitions, "0", "-1").asTexts() else { continue }
                let looks = await house.client.send(
                    ids.map { Command("HMGET", keys.exhibition($0), "capacity", "available", "held") })
                for (id, look) in zip(ids, looks) {
                    guard case .success(let reply) = look, let numbers = try? reply.asTexts().compactMap({ Int($0) }),
                        numbers.count == 3
                    else { continue }
                    if numbers[1] + numbers[2] != numbers[0] || numbers[1] < 0 {
                        violations.insert(
                            Violation(booking: id, what: "at one instant capacity, available and held were \(numbers)"))
                    }
                }
            }
        }
        return Array(violations)
    }
}
