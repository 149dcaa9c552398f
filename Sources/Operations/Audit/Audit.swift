import Contracts
import Redis
import Scripts

/// Compares the services' data. Reads only, in bounded steps, one exhibition's bookings at a time.
package struct Audit {
    /// A broken invariant: the key, and what is wrong with it.
    package struct Violation: Hashable {
        package let key: String
        package let what: String
    }

    package struct Counts {
        package var exhibitions = 0
        package var bookings = 0
    }

    /// The violations, and what could not be checked.
    package struct Outcome {
        package var violations: Set<Violation> = []
        package var behind: [(subscription: Subscription, behind: Int)] = []
        /// Subjects that went on changing, so that no two observations of them were equal.
        package var unsettled: [AuditSubject] = []
    }

    let session: OperatorSession
    /// How long consumers may take to catch up, each time.
    let wait: Duration
    package private(set) var counts = Counts()
    private var outcome = Outcome()
    private var suspects: [AuditSubject: AuditObservation] = [:]

    /// How many suspects are collected before they are observed again.
    private static let suspectsAtOnce = 5000

    package init(_ session: OperatorSession, wait: Duration) {
        self.session = session
        self.wait = wait
    }

    /// What must hold at every instant; then, once all is settled, seats against bookings, bookings against admissions and
    /// pages.
    package mutating func run(_ show: (OperationProgress) -> Void = { _ in }) async throws -> Outcome {
        var exhibitions: [ExhibitionID] = []
        for partition in session.partitions { exhibitions += try await session.exhibitions(in: partition) }
        for start in stride(from: 0, to: exhibitions.count, by: 200) {
            outcome.violations.formUnion(try await instant(Array(exhibitions[start..<min(start + 200, exhibitions.count)])))
        }
        outcome.violations.formUnion(try await session.progressBeyondTheEnd())
        show(OperationProgress("waiting until all is applied"))
        outcome.behind = try await session.settle(within: wait)
        guard outcome.behind.isEmpty else { return outcome }

        var unbalanced: [ExhibitionID: Violation] = [:]
        for (index, id) in exhibitions.enumerated() {
            show(OperationProgress("exhibitions", done: index, of: exhibitions.count, detail: "\(counts.bookings) bookings"))
            if let violation = try await audit(id) { unbalanced[id] = violation }
        }
        show(OperationProgress("reading all keys"))
        try await scanForOrphans(known: Set(exhibitions))
        try await confirmSuspects()
        // Seats that were named one by one explain a wrong sum; without them it is the exhibition that is wrong.
        let named = Set(outcome.violations.map(\.key))
        for (id, violation) in unbalanced where named.isDisjoint(with: [Keys(partition: id.partition).seats(id.text)]) {
            outcome.violations.insert(violation)
        }
        return outcome
    }

    /// Seats available and held make up the capacity, and none is below zero.
    private func instant(_ ids: [ExhibitionID]) async throws -> [Violation] {
        let commands = ids.map {
            Command("HMGET", Keys(partition: $0.partition).exhibition($0.text), "capacity", "available", "held")
        }
        return zip(ids, try await session.redis.sendAll(commands)).flatMap { id, reply in
            let numbers = ((try? reply.asArray()) ?? []).map { Int($0.shown) }
            return SeatSum.addsUp(numbers, key: Keys(partition: id.partition).exhibition(id.text))
        }
    }

    /// - Returns: what is wrong with the exhibition's seats as a whole, if no single seat is.
    private mutating func audit(_ id: ExhibitionID) async throws -> Violation? {
        counts.exhibitions += 1
        try await suspect([.exhibition(id)])
        var sum = try await SeatSum(of: id, session)
        if sum.violation != nil { sum = try await SeatSum(of: id, session) }
        let bookings = try await session.bookings(of: id, seats: sum.seats)
        counts.bookings += bookings.count
        for start in stride(from: 0, to: bookings.count, by: 200) {
            try await suspect(bookings[start..<min(start + 200, bookings.count)].map { .booking($0) })
        }
        return sum.violation
    }

    private mutating func scanForOrphans(known: Set<ExhibitionID>) async throws {
        var batch: [AuditSubject] = []
        for partition in session.partitions {
            var orphans = OrphanScan(session, partition: partition, known: known)
            while let found = try await orphans.next() {
                batch += found
                if batch.count >= 200 {
                    try await suspect(batch)
                    batch = []
                }
            }
        }
        try await suspect(batch)
    }

    /// Observes subjects for the first time; those with violations are observed again later.
    private mutating func suspect(_ subjects: [AuditSubject]) async throws {
        for (subject, observation) in zip(subjects, try await session.observe(subjects)) where !observation.violations.isEmpty {
            suspects[subject] = observation
        }
        if suspects.count >= Self.suspectsAtOnce { try await confirmSuspects() }
    }

    /// Observes the suspects again when all events are applied that the last observation could have met, until two observations
    /// are equal: a violation in two equal observations is reported.
    private mutating func confirmSuspects() async throws {
        let deadline = ContinuousClock.now + wait
        while !suspects.isEmpty {
            let behind = try await session.settle(within: wait)
            guard behind.isEmpty else {
                outcome.behind = behind
                break
            }
            let subjects = Array(suspects.keys)
            for (subject, observation) in zip(subjects, try await session.observe(subjects)) {
                let before = suspects.updateValue(observation, forKey: subject)
                if observation.violations.isEmpty {
                    suspects[subject] = nil
                } else if before?.seen == observation.seen {
                    outcome.violations.formUnion(observation.violations)
                    suspects[subject] = nil
                }
            }
            if ContinuousClock.now >= deadline {
                outcome.unsettled += suspects.keys
                break
            }
        }
        suspects = [:]
    }
}
