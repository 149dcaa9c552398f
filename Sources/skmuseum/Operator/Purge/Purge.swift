import Chassis
import Contracts
import Redis
import Scripts

/// Takes exhibitions that are over out of all rooms, with everything about them, so that no event can bring any of it back.
///
/// The order is what makes it safe (docs/decisions/0008): each step may be killed and run again, and an exhibition's own hash goes
/// last, so that the next run finds it.
struct Purge {
    let keyspace: Keyspace
    let partition: String
    let show: (String) -> Void

    /// How often staff may change an exhibition while it is being purged.
    private static let rounds = 10

    private var keys: Keys { Keys(partition: partition) }

    /// The exhibitions of a partition that ended before a day.
    static func over(before day: String, in partition: String, _ keyspace: Keyspace) async throws -> [ExhibitionID] {
        var over: [ExhibitionID] = []
        for id in try await keyspace.exhibitions(in: partition) {
            let fields = try await keyspace.redis.send("HGETALL", Keys(partition: partition).exhibition(id.text)).shownFields
            if let end = LocalDate.lastDay(of: fields), end < day { over.append(id) }
        }
        return over
    }

    func run(_ exhibitions: [ExhibitionID]) async throws {
        var left = exhibitions
        for _ in 0..<Self.rounds where !left.isEmpty { left = try await round(left) }
        guard let id = left.first else { return }
        throw Complaint("\(id.text) is changed again and again while it is being purged; purge it later")
    }

    /// - Returns: those that somebody has changed meanwhile.
    private func round(_ exhibitions: [ExhibitionID]) async throws -> [ExhibitionID] {
        var versions: [ExhibitionID: String] = [:]
        for id in exhibitions { versions[id] = try await close(id) }
        let names = Set(versions.keys.map(\.text))
        let isMeant = { (fields: [String: String]) in fields["museumId"].map(names.contains) ?? false }

        // Nothing is sold any more. Book must not hear again of seats whose booking it will have lost: it would wait for it.
        let museumEnds = try await keyspace.ends(of: [.museum], in: partition)
        show("waiting until all is applied")
        try await keyspace.quiesce()
        _ = try await keyspace.removeEvents(through: museumEnds, where: isMeant)
        try await keyspace.quiesce()

        // Without its record a booking can't change: from here on no event about it can arise.
        for id in versions.keys.sorted(by: { $0.text < $1.text }) { try await removeBookings(of: id) }
        show("bookings are gone; waiting until all is applied")
        try await keyspace.quiesce()
        let ends = try await keyspace.ends(of: [.museum, .book, .confirm], in: partition)
        _ = try await keyspace.removeEvents(through: ends, where: isMeant)
        _ = try await keyspace.removeDeadLetters(in: partition, where: isMeant)
        // A group that was set back meanwhile may have some of them in hand.
        try await keyspace.quiesce()

        var changed: [ExhibitionID] = []
        for (id, version) in versions.sorted(by: { $0.key.text < $1.key.text }) {
            try await removeAdmissionsAndPages(of: id)
            if try await !removeExhibition(id, at: version) { changed.append(id) }
            show("\(id.text) is purged")
        }
        return changed
    }

    /// Stops the sale. A deleted exhibition first gets its seats back.
    /// - Returns: the version at which it is closed; `nil` where it is gone.
    private func close(_ id: ExhibitionID) async throws -> String? {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let fields = try await keyspace.redis.send("HGETALL", keys.exhibition(id.text)).shownFields
            guard let version = fields["version"] else { return nil }
            switch fields["status"].flatMap({ ExhibitionStatus(rawValue: $0) }) {
            case .closed: return version
            case .deleted:
                if fields["held"] == "0" { return version }
                show("waiting until the seats of \(id.text) are revoked")
                try await Task.sleep(for: .milliseconds(200))
            case .open:
                let names = ["title", "hall", "date", "startTime", "endTime", "capacity"]
                let slot = ((fields["date"] ?? "") + (fields["startTime"] ?? "00:00")).filter(\.isNumber)
                _ = try await keyspace.redis.send(
                    Command(
                        Scripts.museumEdit, keys: [keys.exhibition(id.text), keys.exhibitions, keys.events(of: "museum")],
                        arguments: [String(Calendars.wallClock()), "", id.text, version] + names.map { fields[$0] ?? "" }
                            + [ExhibitionStatus.closed.rawValue, slot]))
            case nil: throw Complaint("\(keys.exhibition(id.text)) has no status; 'audit' says what else is wrong with it")
            }
        }
        throw Complaint("\(id.text) does not come to rest; is Museum running? Run this again when it is")
    }

    private func removeBookings(of id: ExhibitionID) async throws {
        try await eachPart(of: id) { bookings in
            // The record first: killed in between, the index still leads there.
            _ = try await keyspace.redis.send(Command(["UNLINK"] + bookings.map { keys.booking($0.text) }))
            _ = try await keyspace.redis.send(Command(["ZREM", keys.bookings(of: id.text)] + bookings.map(\.text)))
        }
        _ = try await keyspace.redis.send("ZREM", keys.exhibitionsWithBookings, id.text)
    }

    private func removeAdmissionsAndPages(of id: ExhibitionID) async throws {
        let store = keyspace.myPageStore
        try await eachPart(of: id) { bookings in
            let visitors = try await store.sendAll(bookings.map { Command("HGET", keys.page($0.text), "visitor") })
            let pages = zip(bookings, visitors).map { booking, visitor in
                let lists = visitor.shownIfAny.map { [keys.pages(of: $0), keys.visitors] } ?? []
                return Command(
                    Scripts.myPageRemove, keys: [keys.page(booking.text)] + lists, arguments: [booking.text, visitor.shown])
            }
            _ = try await store.sendAll(pages)
            _ = try await keyspace.redis.send(Command(["UNLINK"] + bookings.map { keys.admission($0.text) }))
            _ = try await keyspace.redis.send(Command(["ZREM", keys.admissions(to: id.text)] + bookings.map(\.text)))
        }
        _ = try await keyspace.redis.send("ZREM", keys.exhibitionsWithAdmissions, id.text)
        _ = try await store.send("DEL", keys.pageExhibition(id.text))
    }

    private func eachPart(of id: ExhibitionID, _ body: ([BookingID]) async throws -> Void) async throws {
        let bookings = try await keyspace.bookings(of: id, seats: try await keyspace.seats(of: id))
        for start in stride(from: 0, to: bookings.count, by: 200) {
            try await body(Array(bookings[start..<min(start + 200, bookings.count)]))
            show("\(id.text): \(start) of \(bookings.count) bookings")
        }
    }

    /// - Returns: whether it is gone; not if somebody has changed it.
    private func removeExhibition(_ id: ExhibitionID, at version: String) async throws -> Bool {
        enum Word: String { case gone = "GONE", changed = "CHANGED", purged = "PURGED", more = "MORE" }
        var cursor = "0"
        while true {
            let answer = try await keyspace.redis.send(
                Command(
                    Scripts.museumPurge,
                    keys: [
                        keys.exhibition(id.text), keys.seats(id.text), keys.exhibitions, keys.deletedExhibitions, keys.revoking,
                    ], arguments: [id.text, version, cursor])
            ).asArray()
            switch Word(rawValue: try (answer.first ?? .null).asText()) {
            case .gone, .purged: return true
            case .changed: return false
            case .more: cursor = try (answer.last ?? .null).asText()
            case nil: throw RedisError.unexpected("museum_purge answered \(answer)")
            }
        }
    }
}
