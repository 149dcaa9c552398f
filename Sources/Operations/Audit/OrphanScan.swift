import Contracts
import Redis
import Scripts

/// Walks over all keys of a partition for what no exhibition leads to: rows without a booking, foreign entries on lists.
struct OrphanScan {
    private let session: OperatorSession
    private let partition: String
    private let known: Set<ExhibitionID>
    private var walks: ArraySlice<(client: RedisClient, service: ServiceName)>
    private var cursor = "0"

    init(_ session: OperatorSession, partition: String, known: Set<ExhibitionID>) {
        self.session = session
        self.partition = partition
        self.known = known
        walks = ServiceName.allCases.map { (session.store(of: $0), $0) }[...]
    }

    /// The next subjects to observe, perhaps none; `nil` at the end.
    mutating func next() async throws -> [AuditSubject]? {
        guard let walk = walks.first else { return nil }
        let prefix = "\(walk.service.rawValue):{\(partition)}:"
        let reply = try await walk.client.send("SCAN", cursor, "MATCH", prefix + "*", "COUNT", "500").asArray()
        guard reply.count == 2 else { throw RedisError.unexpected("SCAN replies two elements") }
        cursor = try reply[0].asText()
        if cursor == "0" { walks = walks.dropFirst() }
        var bookings: [BookingID] = []
        var visitors: [String] = []
        var subjects: [AuditSubject] = []
        for key in try reply[1].asArray().map(\.shown) {
            let name = String(key.dropFirst(prefix.count))
            if let booking = BookingID(name) {
                bookings.append(booking)
            } else if walk.service == .mypage, name.hasPrefix("visitor:") {
                visitors.append(String(name.dropFirst("visitor:".count)))
            } else if walk.service == .mypage, name == "visitors" {
                subjects += try await unlisted()
            } else if let exhibition = name.split(separator: ":").first.flatMap({ ExhibitionID(String($0)) }),
                !known.contains(exhibition)
            {
                subjects.append(.exhibition(exhibition))
            }
        }
        return subjects + (try await withoutSeats(bookings)) + (try await orphans(onListsOf: visitors))
    }

    /// Every booking has a seats field, if only a tombstone; what has none was not looked at with its exhibition.
    private func withoutSeats(_ bookings: [BookingID]) async throws -> [AuditSubject] {
        let replies = try await session.redis.sendAll(
            bookings.map { Command("HEXISTS", Keys(partition: partition).seats($0.exhibition.text), $0.text) })
        return zip(bookings, replies).filter { $1 == .integer(0) }.map { .booking($0.0) }
    }

    private func orphans(onListsOf visitors: [String]) async throws -> [AuditSubject] {
        let keys = Keys(partition: partition)
        let known = try await session.myPageStore.sendAll(visitors.map { Command("ZSCORE", keys.visitors, $0) })
        var subjects: [AuditSubject] = []
        for (visitor, score) in zip(visitors, known) where score == .null {
            subjects.append(.visitor(visitor, partition: partition))
        }
        try await session.myPageStore.eachMember(ofAll: visitors.map { keys.pages(of: $0) }) { listed in
            let owners = try await session.redis.sendAll(listed.map { Command("HGET", keys.booking($0.member), "visitor") })
            for (entry, owner) in zip(listed, owners) where owner.shown != visitors[entry.index] {
                subjects.append(.listed(entry.member, visitor: visitors[entry.index], partition: partition))
            }
        }
        return subjects
    }

    private func unlisted() async throws -> [AuditSubject] {
        let keys = Keys(partition: partition)
        var subjects: [AuditSubject] = []
        try await session.myPageStore.eachMember(of: keys.visitors) { page in
            let visitors = Array(page.keys)
            let lists = try await session.myPageStore.sendAll(visitors.map { Command("EXISTS", keys.pages(of: $0)) })
            for (visitor, list) in zip(visitors, lists) where list == .integer(0) {
                subjects.append(.visitor(visitor, partition: partition))
            }
        }
        return subjects
    }
}
