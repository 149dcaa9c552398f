import Chassis
import Contracts
import Redis
import Scripts

/// Holds the rooms' data against each other. Reads only.
struct Audit {
    /// Something that may not be: which key, and what is wrong with it.
    struct Violation: Hashable {
        let key: String
        let what: String
    }

    struct Counts {
        var exhibitions = 0
        var bookings = 0
    }

    let keyspace: Keyspace
    private(set) var counts = Counts()

    init(_ keyspace: Keyspace) { self.keyspace = keyspace }

    /// What must hold at every instant: seats available and held make up the capacity, and none is below zero.
    func instant() async throws -> [Violation] {
        var violations: [Violation] = []
        for id in try await exhibitions() { violations += try await seatsAddUp(id) }
        return violations
    }

    /// What must hold once all is settled: seats against bookings, bookings against admissions and pages.
    mutating func deep() async throws -> [Violation] {
        counts = Counts()
        var violations: [Violation] = []
        for id in try await exhibitions() {
            counts.exhibitions += 1
            violations += try await seatsAddUp(id)
            violations += try await pageKnows(id)
            let seats = try await seats(of: id)
            let bookings = try await members(of: id, seats: seats)
            counts.bookings += bookings.count
            for start in stride(from: 0, to: bookings.count, by: 200) {
                let part = bookings[start..<min(start + 200, bookings.count)]
                violations += try await compare(Array(part), seats: seats)
            }
        }
        for partition in keyspace.partitions {
            violations += try await strangers(in: partition)
        }
        return violations
    }

    private func exhibitions() async throws -> [ExhibitionID] {
        var ids: [ExhibitionID] = []
        for partition in keyspace.partitions {
            let keys = Keys(partition: partition)
            for key in [keys.exhibitions, keys.deletedExhibitions] {
                ids += try await keyspace.redis.send("ZRANGE", key, "0", "-1").asTexts().compactMap(ExhibitionID.init)
            }
        }
        return ids
    }

    /// Hash and seats are read in one transaction: true at one instant also under load.
    private func seatsAddUp(_ id: ExhibitionID) async throws -> [Violation] {
        let keys = Keys(partition: id.partition)
        let key = keys.exhibition(id.text)
        let results = await keyspace.redis.send([
            Command("MULTI"), Command("HMGET", key, "capacity", "available", "held"), Command("HVALS", keys.seats(id.text)),
            Command("EXEC"),
        ])
        let replies = try results[3].get().asArray()
        guard replies.count == 2 else { throw RedisError.unexpected("two replies were due") }
        let numbers = try replies[0].asArray().map { Int($0.shown) }
        guard numbers.count == 3, let capacity = numbers[0], let available = numbers[1], let held = numbers[2] else {
            return [Violation(key: key, what: "capacity, available or held is missing or no number")]
        }
        var violations: [Violation] = []
        if available + held != capacity {
            violations.append(Violation(key: key, what: "available \(available) + held \(held) is not capacity \(capacity)"))
        }
        if available < 0 { violations.append(Violation(key: key, what: "available is \(available)")) }
        if held < 0 { violations.append(Violation(key: key, what: "held is \(held)")) }
        let sum = try replies[1].asTexts().compactMap { Int($0) }.reduce(0, +)
        if sum != held { violations.append(Violation(key: keys.seats(id.text), what: "seats sum to \(sum), held is \(held)")) }
        return violations
    }

    private func pageKnows(_ id: ExhibitionID) async throws -> [Violation] {
        let keys = Keys(partition: id.partition)
        let version = try await keyspace.redis.send("HGET", keys.exhibition(id.text), "version").asOptionalText()
        let shown = try await keyspace.myPageStore.send("HGET", keys.pageExhibition(id.text), "version").asOptionalText()
        if version == shown { return [] }
        return [
            Violation(
                key: keys.pageExhibition(id.text),
                what: "is at version \(shown ?? "none"), the exhibition at \(version ?? "none")")
        ]
    }

    private func seats(of id: ExhibitionID) async throws -> [String: Int] {
        var seats: [String: Int] = [:]
        var cursor = "0"
        repeat {
            let reply = try await keyspace.redis.send(
                "HSCAN", Keys(partition: id.partition).seats(id.text), cursor, "COUNT", "500"
            ).asArray()
            guard reply.count == 2 else { throw RedisError.unexpected("HSCAN answers two elements") }
            cursor = try reply[0].asText()
            for (booking, number) in try reply[1].asFields() { seats[booking] = Int(number) ?? -1 }
        } while cursor != "0"
        return seats
    }

    /// Every booking that any room knows for the exhibition.
    private func members(of id: ExhibitionID, seats: [String: Int]) async throws -> [BookingID] {
        let keys = Keys(partition: id.partition)
        var names = Set(seats.keys)
        for key in [keys.bookings(of: id.text), keys.admissions(to: id.text)] {
            names.formUnion(try await keyspace.redis.send("ZRANGE", key, "0", "-1").asTexts())
        }
        return names.sorted().compactMap(BookingID.init)
    }

    private func compare(_ bookings: [BookingID], seats: [String: Int]) async throws -> [Violation] {
        let books = try await hashes(bookings.map { Keys(partition: $0.partition).booking($0.text) }, in: keyspace.redis)
        let admissions = try await hashes(bookings.map { Keys(partition: $0.partition).admission($0.text) }, in: keyspace.redis)
        let pages = try await hashes(bookings.map { Keys(partition: $0.partition).page($0.text) }, in: keyspace.myPageStore)
        var violations: [Violation] = []
        for (index, booking) in bookings.enumerated() {
            let comparison = BookingComparison(
                id: booking, seats: seats[booking.text], booking: books[index], admission: admissions[index], page: pages[index])
            violations += comparison.violations
            if let visitor = books[index]["visitor"], books[index]["status"] != BookingStatus.aborted.rawValue {
                let key = Keys(partition: booking.partition).pages(of: visitor)
                if try await keyspace.myPageStore.send("ZSCORE", key, booking.text) == .null {
                    violations.append(Violation(key: key, what: "does not list \(booking.text)"))
                }
            }
        }
        return violations
    }

    /// Rows that belong to no booking.
    private func strangers(in partition: String) async throws -> [Violation] {
        let keys = Keys(partition: partition)
        var violations: [Violation] = []
        for visitor in try await keyspace.myPageStore.send("ZRANGE", keys.visitors, "0", "-1").asTexts() {
            let list = keys.pages(of: visitor)
            let members = try await keyspace.myPageStore.send("ZRANGE", list, "0", "-1").asTexts()
            let results = await keyspace.redis.send(members.map { Command("HGET", keys.booking($0), "visitor") })
            for (member, result) in zip(members, results) where try result.get().asOptionalText() != visitor {
                violations.append(Violation(key: list, what: "lists \(member), which is no booking of this visitor"))
            }
        }
        return violations
    }

    private func hashes(_ keys: [String], in client: RedisClient) async throws -> [[String: String]] {
        var hashes: [[String: String]] = []
        for result in await client.send(keys.map { Command("HGETALL", $0) }) { hashes.append(try result.get().asFields()) }
        return hashes
    }
}

/// One booking as the rooms have it, once all is settled.
struct BookingComparison {
    let id: BookingID
    /// Its seats at Museum: 0 given back, `nil` never taken.
    let seats: Int?
    let booking: [String: String]
    let admission: [String: String]
    let page: [String: String]

    var violations: [Audit.Violation] {
        let keys = Keys(partition: id.partition)
        var violations: [Audit.Violation] = []
        func expect(_ isRight: Bool, _ key: String, _ what: String) {
            if !isRight { violations.append(Audit.Violation(key: key, what: what)) }
        }
        let seatsKey = keys.seats(id.exhibition.text)
        guard let status = booking["status"].flatMap({ BookingStatus(rawValue: $0) }) else {
            expect((seats ?? 0) == 0, seatsKey, "holds \(seats ?? 0) seats for \(id.text), which has no booking")
            expect(admission.isEmpty, keys.admission(id.text), "is there without a booking")
            expect(page["bookVersion"] == nil, keys.page(id.text), "is there without a booking")
            return violations
        }
        let bookingKey = keys.booking(id.text)
        switch status {
        case .completed:
            expect(
                seats.map(String.init) == booking["seats"], seatsKey,
                "holds \(seats ?? 0) seats for \(id.text), the booking has \(booking["seats"] ?? "none")")
        case .requested:
            expect(false, bookingKey, "is still REQUESTED though all events are applied")
        case .canceled, .forceCanceled, .aborted:
            expect((seats ?? 0) == 0, seatsKey, "holds \(seats ?? 0) seats for \(id.text), which is \(status.rawValue)")
        }
        let due: AdmissionStatus? =
            switch status {
            case .completed: .confirmed
            case .canceled: .canceled
            case .forceCanceled: .forceCanceled
            case .requested, .aborted: nil
            }
        let admissionKey = keys.admission(id.text)
        expect(
            admission["status"] == due?.rawValue, admissionKey,
            "is \(admission["status"] ?? "absent"), the booking is \(status.rawValue)")
        if due != nil {
            expect(
                admission["bookVersion"] == booking["version"], admissionKey,
                "has seen version \(admission["bookVersion"] ?? "none") of the booking, not \(booking["version"] ?? "none")")
            expect(
                admission["visitor"] == booking["visitor"] && admission["seats"] == booking["seats"], admissionKey,
                "names another visitor or other seats than the booking")
        }
        let pageKey = keys.page(id.text)
        expect(
            page["status"] == status.rawValue, pageKey, "shows \(page["status"] ?? "nothing"), the booking is \(status.rawValue)")
        expect(
            page["bookVersion"] == booking["version"], pageKey,
            "shows version \(page["bookVersion"] ?? "none") of the booking, not \(booking["version"] ?? "none")")
        expect(
            page["admission"] == due?.rawValue, pageKey,
            "shows admission \(page["admission"] ?? "none"), it is \(due?.rawValue ?? "none")")
        expect(
            page["visitor"] == booking["visitor"] && page["seats"] == booking["seats"], pageKey,
            "names another visitor or other seats than the booking")
        return violations
    }
}
