import Contracts
import Scripts
import TestSupport

/// Compares the history of responses with Redis, MyPage and the event log, once the deployment has settled.
struct Checker {
    let deployment: FaultDeployment
    let records: History
    let operations: [BookingOperation]
    let state: [FaultState.TrackedExhibition]
    private(set) var model = EventLogModel()
    private(set) var violations: [Violation] = []
    /// Where what is purged is still named.
    let purgedReferences: PurgedReferences
    /// How many bookings were acknowledged, may have been lost, and are.
    private(set) var lost = 0
    /// Bookings whose reservation was lost at a failover and that Museum refuses to reserve again: others have the seats by now.
    private(set) var unseated: Set<String> = []
    /// The exhibitions that `purge` has removed.
    let purged: Set<String>

    init(_ deployment: FaultDeployment, operations: [BookingOperation], state: [FaultState.TrackedExhibition]) async throws {
        self.deployment = deployment
        self.operations = operations
        self.state = state
        let records = try await History(deployment.client, primaries: try await deployment.primaries())
        self.records = records
        let gone = state.filter { tracked in
            let key = Keys(partition: String(tracked.id.prefix { $0.isLetter })).exhibition(tracked.id)
            return tracked.isPurgeAsked && records.hashes[key] == nil
        }
        purged = Set(gone.map(\.id))
        purgedReferences = try await PurgedReferences(of: purged, in: deployment.client)
        let added = deployment.addedEvents.value
        for logged in records.events where !added.contains("\(logged.stream) \(logged.id)") {
            model.enter(logged.event, id: logged.id)
        }
        violations = model.violations
        checkExhibitions()
        checkPurged()
        checkOrphans()
        checkBookings()
        checkDeadLetters()
        checkOrders()
    }

    mutating func expect(_ isRight: Bool, _ booking: String, _ what: @autoclosure () -> String) {
        if !isRight { violations.append(Violation(booking: booking, what: what())) }
    }

    /// What a hash says must be what the events say.
    mutating func expect(_ id: String, _ what: String, _ stored: String?, _ told: String) {
        expect(stored == told, id, "\(what) is \(stored ?? "missing"), by its events \(told)")
    }

    func hash(_ id: String, _ key: (Keys) -> String) -> [String: String] {
        records.hashes[key(Keys(partition: String(id.prefix { $0.isLetter })))] ?? [:]
    }

    /// S1, S3: what the exhibition's hashes say is what their events add up to.
    private mutating func checkExhibitions() {
        for (id, told) in model.exhibitions {
            let now = hash(id) { $0.exhibition(id) }
            let seats = hash(id) { $0.seats(id) }.compactMapValues { Int($0) }
            let held = seats.values.reduce(0, +)
            expect(
                now["available"] == String(told.available), id,
                "available is \(now["available"] ?? "?"), by its events \(told.available)")
            expect(
                now["capacity"] == String(told.capacity), id,
                "capacity is \(now["capacity"] ?? "?"), by its events \(told.capacity)")
            expect(now["held"] == String(held), id, "held is \(now["held"] ?? "?"), its seats sum to \(held)")
            expect(
                told.available + held == told.capacity, id,
                "available \(told.available) and held \(held) are not \(told.capacity)")
            expect(
                now["version"] == String(told.version), id, "version is \(now["version"] ?? "?"), by its events \(told.version)")
            expect(
                now["status"] == told.status.rawValue, id, "it is \(now["status"] ?? "?"), by its events \(told.status.rawValue)")
            for (booking, number) in seats {
                let due = model.seats[booking] ?? 0
                expect(number == due, booking, "holds \(number) seats, by its events \(due)")
            }
            let page = hash(id) { $0.pageExhibition(id) }
            expect(page["version"] == now["version"], id, "MyPage has version \(page["version"] ?? "none") of the exhibition")
        }
    }

    /// S3, S4, E1: each service's record is what the events make of it, each event applied once.
    private mutating func checkBookings() {
        for (id, told) in model.bookings {
            let now = hash(id) { $0.booking(id) }
            expect(id, "Book's status", now["status"], told.status.rawValue)
            expect(id, "Book's version", now["version"], String(told.version))
            expect(id, "Book's seats", now["seats"], String(told.seats))
            let seats = model.seats[id] ?? 0
            expect(
                seats == (told.status == .completed ? told.seats : 0), id,
                "it is \(told.status.rawValue) and holds \(seats) seats")
            if told.status == .requested, mayStayWithoutSeats(id) {
                unseated.insert(id)
            } else {
                expect(told.status != .requested, id, "it was never completed")
            }
            let due = AdmissionStatus(rawValue: told.status == .completed ? "CONFIRMED" : told.status.rawValue)
            let admission = hash(id) { $0.admission(id) }
            let received = model.admissions[id]?.status
            expect(received == due, id, "its admission is \(received?.rawValue ?? "none") by its events")
            expect(
                admission["status"] == due?.rawValue, id,
                "Confirm has \(admission["status"] ?? "nothing") of a \(told.status.rawValue) one")
            if due != nil { expect(id, "Confirm's seats", admission["seats"], String(told.seats)) }
            let page = hash(id) { $0.page(id) }
            expect(id, "MyPage's seats", page["seats"], String(told.seats))
            expect(id, "MyPage's status", page["status"], told.status.rawValue)
            expect(id, "MyPage's version", page["bookVersion"], String(told.version))
            expect(
                page["admission"] == due?.rawValue, id,
                "MyPage shows the admission \(page["admission"] ?? "none") of a \(told.status.rawValue) one")
        }
        let orphans = deployment.orphans.value
        for (id, seats) in model.seats where model.bookings[id] == nil && !(orphans.contains(id) && seats == 0) {
            expect(false, id, "\(seats) seats were taken and no booking tells of it")
        }
    }

    /// E2: only what is no event is a dead letter, and all of that in each group that subscribes to it. A group does not read
    /// events of a known type that its service does not apply.
    private mutating func checkDeadLetters() {
        let poison = deployment.poisoned.value
        for group in ServiceName.allCases {
            let received = poison.filter { entry in
                group.subscriptions.contains { entry.stream.hasPrefix($0.rawValue + ":") } && entry.isRead(by: group)
            }
            // After the log was cut short, what was put in may be gone again.
            let due = Set(
                received.filter { records.noEvents[$0.stream]?.contains($0.id) ?? false }.map { "\($0.stream) \($0.id)" })
            let dead = records.deadLetters[group.rawValue] ?? []
            for name in dead.subtracting(due) where !deployment.mayForget {
                expect(false, name, "is a dead letter of \(group.rawValue) and was no poison")
            }
            for name in due.subtracting(dead) { expect(false, name, "is poison and no dead letter of \(group.rawValue)") }
        }
    }

    /// S2, S4, S5, D1: every response was true.
    private mutating func checkOrders() {
        var byVisitor: [String: [String]] = [:]
        for (id, told) in model.bookings { byVisitor[told.visitor, default: []].append(id) }
        for operation in operations {
            let id = operation.bookingId ?? operation.visitor
            for violation in operation.violations { expect(false, id, violation) }
            for doubt in operation.doubts {
                expect(doubt.moments.contains(where: deployment.mayHaveForgotten), id, doubt.what)
            }
            for moment in operation.madeAnew {
                expect(deployment.mayHaveForgotten(moment), id, "was answered 201, and is made anew under its key")
                lost += 1
            }
            // Whatever was answered, nothing of it is left; that this is so is checked for the exhibition as a whole.
            if purged.contains(operation.exhibition) { continue }
            let live = (byVisitor[operation.visitor] ?? []).filter { model.bookings[$0]?.status != .aborted }
            expect(
                live.count <= 1, live.first ?? id,
                "one operation of \(operation.visitor) has become \(live.count) bookings: \(live)")
            let moments = [operation.confirmedAt, operation.refusedAt] + operation.changedAt
            if moments.contains(where: deployment.mayHaveForgotten) {
                if let id = operation.bookingId, !live.contains(id) { lost += 1 }
                continue
            }
            checkAnswers(operation, live)
        }
    }

    /// Whether a booking may have lost its reservation for good: not where there are seats for all.
    private func mayStayWithoutSeats(_ id: String) -> Bool {
        let tracked = state.first { $0.id == id.prefix { $0 != "-" } }
        return deployment.setup.mayLoseReservations && tracked?.kind != .ample
    }

    /// Whether staff were told of the deletion, and it can't have been lost with the end of the log.
    private func isDeleted(_ tracked: FaultState.TrackedExhibition?) -> Bool {
        tracked?.deletedAt != nil && !deployment.mayHaveForgotten(tracked?.deletedAt)
    }

    private mutating func checkAnswers(_ operation: BookingOperation, _ live: [String]) {
        let told = Set(operation.answers.compactMap { answer in if case .booking(let id, _, _) = answer { id } else { nil } })
        guard let id = told.first else {
            let isOpen =
                operation.answers.contains(where: \.isOpen)
                && !(operation.key != nil && operation.answers.last?.leavesOpen == false)
            expect(
                isOpen || live.isEmpty, live.first ?? operation.visitor, "\(operation.visitor) was only ever refused, and has it")
            return
        }
        expect(told.count == 1, id, "one key was answered with several bookings: \(told)")
        guard live.contains(id), let booking = model.bookings[id] else {
            return expect(false, id, "\(operation.visitor) was answered 201, and there is no such booking")
        }
        checkSeats(operation, id, booking)
        let tracked = state.first { $0.id == operation.exhibition }
        for answer in operation.answers {
            guard case .refused(let status, let problem) = answer else { continue }
            // Whoever has booked is not refused afterwards; before, the seats may have been others'.
            expect(problem != "idempotency-mismatch", id, "was answered \(status) \(problem)")
        }
        if tracked?.kind == .ample {
            expect(!operation.answers.contains(.refused(409, "sold-out")), id, "was told that an ample exhibition is sold out")
        }
        checkEnd(operation, id, booking.status, tracked)
    }

    /// A request for fewer seats that was granted stands; one without an answer may have been granted.
    private mutating func checkSeats(_ operation: BookingOperation, _ id: String, _ booking: EventLogModel.Booking) {
        let granted = operation.lowerings.filter(\.answer.isBooking).map(\.seats).min() ?? operation.seats
        expect(
            booking.seats <= granted
                && (booking.seats == operation.seats || operation.lowerings.contains { $0.seats == booking.seats }),
            id, "\(operation.seats) seats were asked for, then \(operation.lowerings), it has \(booking.seats)")
        for (_, answer) in operation.lowerings {
            guard case .refused(let code, let problem) = answer else { continue }
            expect(
                problem == "already-force-canceled" && booking.status == .forceCanceled, id,
                "asking for fewer seats was answered \(code) \(problem), it is \(booking.status.rawValue)")
        }
    }

    private mutating func checkEnd(
        _ operation: BookingOperation, _ id: String, _ status: BookingStatus, _ tracked: FaultState.TrackedExhibition?
    ) {
        let isCanceled = operation.cancels.contains(where: \.isBooking)
        for answer in operation.cancels {
            if case .refused(let code, let problem) = answer {
                expect(
                    problem == "already-force-canceled" && status == .forceCanceled, id,
                    "canceling was answered \(code) \(problem), it is \(status.rawValue)")
            }
        }
        switch status {
        case .canceled: expect(!operation.cancels.isEmpty, id, "is canceled, and nobody canceled it")
        case .forceCanceled:
            expect(tracked?.isDeletionAsked ?? true, id, "is force-canceled, and nobody deleted \(operation.exhibition)")
            expect(!isCanceled, id, "was answered that it is canceled, and is force-canceled")
        case .completed:
            expect(!isCanceled, id, "was answered that it is canceled, and is \(status.rawValue)")
            expect(!isDeleted(tracked), id, "its exhibition is deleted, and it is \(status.rawValue)")
        case .requested where unseated.contains(id): return
        case .requested, .aborted: expect(false, id, "was answered 201, and is \(status.rawValue)")
        }
    }
}
