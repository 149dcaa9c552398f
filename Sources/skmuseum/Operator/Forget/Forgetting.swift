import Chassis
import Contracts
import Crypto
import Redis
import Scripts

/// Takes a visitor's name out of every room. The bookings stay, as numbers, under a pseudonym that nothing leads back from.
struct Forgetting {
    struct Outcome {
        var bookings: Set<BookingID> = []
        /// Those that can still be used.
        var valid: Set<BookingID> = []
        var events = 0
        var deadLetters = 0
    }

    let keyspace: Keyspace
    let visitor: String
    let today: String
    let show: (String) -> Void

    /// How often the visitor may book anew meanwhile.
    private static let rounds = 10

    /// Goes over everything until a whole round finds nothing.
    func run() async throws -> (outcome: Outcome, pseudonym: String) {
        let pseudonym = try await pseudonym()
        for partition in keyspace.partitions { try await RebuiltPages(keyspace, partition: partition).clear() }
        var outcome = Outcome()
        for _ in 0..<Self.rounds {
            var found = 0
            for partition in keyspace.partitions { found += try await round(in: partition, pseudonym, &outcome) }
            guard found == 0 else { continue }
            _ = try await keyspace.redis.send("HDEL", Keys.forgetting, digest)
            return (outcome, pseudonym)
        }
        throw Complaint("\(visitor) goes on booking; run this again when that has ended")
    }

    /// Drawn once, and kept until all is done: a run that was killed goes on under the same one.
    private func pseudonym() async throws -> String {
        let letters = Array("0123456789abcdefghjkmnpqrstvwxyz")
        let drawn = "forgotten-" + String((0..<8).map { _ in letters[Int.random(in: 0..<letters.count)] })
        _ = try await keyspace.redis.send("HSETNX", Keys.forgetting, digest, drawn)
        return try await keyspace.redis.send("HGET", Keys.forgetting, digest).asText()
    }

    /// The name itself is written down nowhere, not even for the while.
    private var digest: String {
        SHA256.hash(data: Array(visitor.utf8)).map { byte in
            let hex = String(byte, radix: 16)
            return byte < 16 ? "0" + hex : hex
        }.joined()
    }

    /// Book first: what it tells after that names nobody. Then, once all that it told before is applied, whoever has heard of it.
    private func round(in partition: String, _ pseudonym: String, _ outcome: inout Outcome) async throws -> Int {
        let keys = Keys(partition: partition)
        var found = 0
        for booking in try await records(of: .book, in: partition) {
            if try await isStillToCome(booking) { outcome.valid.insert(booking) }
            outcome.bookings.insert(booking)
            found += try await rename(keys.booking(booking.text), pseudonym)
        }
        let ends = try await keyspace.ends(of: [.museum, .book, .confirm], in: partition)
        show("\(outcome.bookings.count) bookings renamed; waiting until all is applied")
        try await keyspace.quiesce()
        for booking in try await records(of: .confirm, in: partition) {
            found += try await rename(keys.admission(booking.text), pseudonym)
        }
        for page in try await pages(in: partition) {
            let answer = try await keyspace.myPageStore.send(
                Command(
                    Scripts.myPageRename,
                    keys: [keys.page(page.text), keys.pages(of: visitor), keys.pages(of: pseudonym), keys.visitors],
                    arguments: [page.text, visitor, pseudonym]))
            if answer == .text("RENAMED") { found += 1 }
        }
        let isMeant = { (fields: [String: String]) in fields["visitor"] == visitor }
        let events = try await keyspace.removeEvents(through: ends, where: isMeant)
        let letters = try await keyspace.removeDeadLetters(in: partition) { $0.values.contains(visitor) }
        outcome.events += events
        outcome.deadLetters += letters
        return found + events + letters
    }

    private func rename(_ key: String, _ pseudonym: String) async throws -> Int {
        let answer = try await keyspace.redis.send(
            Command(Scripts.recordRename, keys: [key], arguments: [visitor, pseudonym]))
        return answer == .text("RENAMED") ? 1 : 0
    }

    /// All pages that name the visitor, and all that the visitor's list has.
    private func pages(in partition: String) async throws -> Set<BookingID> {
        var pages = Set(try await records(of: .mypage, in: partition))
        try await keyspace.myPageStore.eachMember(of: Keys(partition: partition).pages(of: visitor)) {
            pages.formUnion($0.keys.compactMap(BookingID.init))
        }
        return pages
    }

    /// A room's records that name the visitor. No index leads to all of them, so all are looked at.
    private func records(of room: Room, in partition: String) async throws -> [BookingID] {
        let client = keyspace.store(of: room)
        let prefix = "\(room.rawValue):{\(partition)}:"
        var found: [BookingID] = []
        var seen = 0
        try await client.eachKey(prefix + "*-*") { names in
            let ids = names.compactMap { BookingID(String($0.dropFirst(prefix.count))) }
            let visitors = try await client.sendAll(ids.map { Command("HGET", prefix + $0.text, "visitor") })
            for (id, name) in zip(ids, visitors) where name == .text(visitor) { found.append(id) }
            seen += ids.count
            show("\(room.rawValue): \(seen) looked at")
        }
        return found
    }

    private func isStillToCome(_ booking: BookingID) async throws -> Bool {
        let keys = Keys(partition: booking.partition)
        let status = try await keyspace.redis.send("HGET", keys.booking(booking.text), "status").shown
        let stands = [BookingStatus.requested, .completed].map(\.rawValue).contains(status)
        let exhibition = try await keyspace.redis.send("HGETALL", keys.exhibition(booking.exhibition.text)).shownFields
        guard stands, let end = MuseumDays.end(of: exhibition) else { return false }
        return end >= today
    }
}
