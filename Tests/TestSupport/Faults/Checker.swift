import Contracts
import Scripts

/// Holds what visitors were told against Redis, MyPage and the event log, once all has settled.
struct Checker {
    let house: FaultHouse
    let records: Records
    let orders: [Order]
    let board: [Board.Spot]
    private(set) var ledger = Ledger()
    private(set) var violations: [Violation] = []
    /// Where what is purged is still named.
    let remains: PurgeRemains
    /// The exhibitions that `purge` has removed.
    let purged: Set<String>

    init(_ house: FaultHouse, orders: [Order], board: [Board.Spot]) async throws {
        self.house = house
        self.orders = orders
        self.board = board
        let records = try await Records(house.client)
        self.records = records
        let gone = board.filter { spot in
            let key = Keys(partition: String(spot.id.prefix { $0.isLetter })).exhibition(spot.id)
            return spot.isPurgeAsked && records.hashes[key] == nil
        }
        purged = Set(gone.map(\.id))
        remains = try await PurgeRemains(of: purged, in: house.client)
        let added = house.addedEvents.value
        for logged in records.events where !added.contains("\(logged.stream) \(logged.id)") {
            ledger.enter(logged.event, id: logged.id)
        }
        violations = ledger.violations
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

    func hash(_ id: String, _ key: (Keys) -> String) -> [String: String] {
        records.hashes[key(Keys(partition: String(id.prefix { $0.isLetter })))] ?? [:]
    }

    /// S1, S3: what the exhibition's hashes say is what their events add up to.
    private mutating func checkExhibitions() {
        for (id, told) in ledger.exhibitions {
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
                let due = ledger.seats[booking] ?? 0
                expect(number == due, booking, "holds \(number) seats, by its events \(due)")
            }
            let page = hash(id) { $0.pageExhibition(id) }
            expect(page["version"] == now["version"], id, "MyPage has version \(page["version"] ?? "none") of the exhibition")
        }
    }

    /// S3, S4, E1: each room's record is what the events make of it, each event applied once.
    private mutating func checkBookings() {
        for (id, told) in ledger.bookings {
            let now = hash(id) { $0.booking(id) }
            expect(
                now["status"] == told.status.rawValue, id,
                "Book has \(now["status"] ?? "nothing"), by its events it is \(told.status.rawValue)")
            expect(
                now["version"] == String(told.version), id,
                "Book has version \(now["version"] ?? "none"), by its events \(told.version)")
            let seats = ledger.seats[id] ?? 0
            expect(
                seats == (told.status == .completed ? told.seats : 0), id,
                "it is \(told.status.rawValue) and holds \(seats) seats")
            expect(told.status != .requested, id, "it was never completed")
            let due = AdmissionStatus(rawValue: told.status == .completed ? "CONFIRMED" : told.status.rawValue)
            let admission = hash(id) { $0.admission(id) }
            let heard = ledger.admissions[id]?.status
            expect(heard == due, id, "its admission is \(heard?.rawValue ?? "none") by its events")
            expect(
                admission["status"] == due?.rawValue, id,
                "Confirm has \(admission["status"] ?? "nothing") of a \(told.status.rawValue) one")
            let page = hash(id) { $0.page(id) }
            expect(
                page["status"] == told.status.rawValue, id,
                "MyPage shows \(page["status"] ?? "nothing") of a \(told.status.rawValue) one")
            expect(
                page["bookVersion"] == String(told.version), id,
                "MyPage has version \(page["bookVersion"] ?? "none") of \(told.version)")
            expect(
                page["admission"] == due?.rawValue, id,
                "MyPage shows the admission \(page["admission"] ?? "none") of a \(told.status.rawValue) one")
        }
        let orphans = house.orphans.value
        for (id, seats) in ledger.seats where ledger.bookings[id] == nil && !(orphans.contains(id) && seats == 0) {
            expect(false, id, "\(seats) seats were taken and no booking tells of it")
        }
    }

    /// E2: only what is no event is a dead letter, and all of that in each group that hears it.
    private mutating func checkDeadLetters() {
        let poison = house.poisoned.value
        for group in Room.allCases {
            let heard = poison.filter { stream, _ in group.hears.contains { stream.hasPrefix($0.rawValue + ":") } }
            // After the log was cut short, what was put in may be gone again.
            let due = Set(
                heard.flatMap { stream, ids in ids.intersection(records.noEvents[stream] ?? []).map { "\(stream) \($0)" } })
            let dead = records.deadLetters[group.rawValue] ?? []
            for name in dead.subtracting(due) where house.forgotten.value == nil {
                expect(false, name, "is a dead letter of \(group.rawValue) and was no poison")
            }
            for name in due.subtracting(dead) { expect(false, name, "is poison and no dead letter of \(group.rawValue)") }
        }
    }

    /// S2, S4, S5, D1: what each visitor was told is so.
    private mutating func checkOrders() {
        var byVisitor: [String: [String]] = [:]
        for (id, told) in ledger.bookings { byVisitor[told.visitor, default: []].append(id) }
        for order in orders {
            let id = order.bookingId ?? order.visitor
            for complaint in order.complaints { expect(false, id, complaint) }
            // Whatever was answered, nothing of it is left; that this is so is checked for the exhibition as a whole.
            if purged.contains(order.exhibition) { continue }
            let live = (byVisitor[order.visitor] ?? []).filter { ledger.bookings[$0]?.status != .aborted }
            expect(live.count <= 1, live.first ?? id, "one order of \(order.visitor) has become \(live.count) bookings: \(live)")
            if house.mayHaveForgotten(order.confirmedAt) { continue }
            checkAnswers(order, live)
        }
    }

    private mutating func checkAnswers(_ order: Order, _ live: [String]) {
        let told = Set(order.answers.compactMap { answer in if case .booking(let id, _, _) = answer { id } else { nil } })
        guard let id = told.first else {
            let isOpen = order.answers.contains(where: \.isOpen) && !(order.key != nil && order.answers.last?.isOpen == false)
            expect(isOpen || live.isEmpty, live.first ?? order.visitor, "\(order.visitor) was only ever refused, and has it")
            return
        }
        expect(told.count == 1, id, "one key was answered with several bookings: \(told)")
        guard live.contains(id), let booking = ledger.bookings[id] else {
            return expect(false, id, "\(order.visitor) was answered 201, and there is no such booking")
        }
        expect(booking.seats == order.seats, id, "\(order.seats) seats were asked for, it has \(booking.seats)")
        let spot = board.first { $0.id == order.exhibition }
        for answer in order.answers {
            guard case .refused(let status, let problem) = answer else { continue }
            // Whoever has booked is not refused afterwards; before, the seats may have been others'.
            expect(problem != "idempotency-mismatch", id, "was answered \(status) \(problem)")
        }
        if spot?.kind == .roomy {
            expect(!order.answers.contains(.refused(409, "sold-out")), id, "was told that a roomy exhibition is sold out")
        }
        checkEnd(order, id, booking.status, spot)
    }

    private mutating func checkEnd(_ order: Order, _ id: String, _ status: BookingStatus, _ spot: Board.Spot?) {
        let isCanceled = order.cancels.contains(where: \.isBooking)
        for answer in order.cancels {
            if case .refused(let code, let problem) = answer {
                expect(
                    problem == "already-force-canceled" && status == .forceCanceled, id,
                    "canceling was answered \(code) \(problem), it is \(status.rawValue)")
            }
        }
        switch status {
        case .canceled: expect(!order.cancels.isEmpty, id, "is canceled, and nobody canceled it")
        case .forceCanceled:
            expect(spot?.isDeletionAsked ?? true, id, "is force-canceled, and nobody deleted \(order.exhibition)")
            expect(!isCanceled, id, "was answered that it is canceled, and is force-canceled")
        case .completed:
            expect(!isCanceled, id, "was answered that it is canceled, and is \(status.rawValue)")
            expect(spot?.isDeletionAnswered != true, id, "its exhibition is deleted, and it is \(status.rawValue)")
        case .requested, .aborted: expect(false, id, "was answered 201, and is \(status.rawValue)")
        }
    }
}
