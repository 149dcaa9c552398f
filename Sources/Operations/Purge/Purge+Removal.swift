import Contracts
import Redis
import Scripts

/// What a purge removes, a bounded step at a time.
extension Purge {
    func removeBookings(of exhibition: RetiredExhibition) async throws {
        enum Code: String { case changed = "CHANGED", removed = "REMOVED" }
        let id = exhibition.id
        func remove(_ bookings: [BookingID]) async throws {
            let reply = try await session.redis.send(
                Command(
                    Scripts.bookPurge,
                    keys: [keys.exhibition(id.text), keys.bookings(of: id.text), keys.exhibitionsWithBookings]
                        + bookings.map { keys.booking($0.text) },
                    arguments: [id.text, exhibition.version] + bookings.map(\.text)))
            switch Code(rawValue: try reply.asText()) {
            case .removed: return
            case .changed: throw OperationError(changed(id))
            case nil: throw RedisError.unexpected("book_purge replied \(reply)")
            }
        }
        try await eachPart(of: id, remove)
        // Also without bookings: this removes the entry in the list of exhibitions that have bookings.
        try await remove([])
    }

    func removeAdmissionsAndPages(of id: ExhibitionID) async throws {
        try await eachPart(of: id) { bookings in
            try await removePages(bookings)
            _ = try await session.redis.send(Command(["UNLINK"] + bookings.map { keys.admission($0.text) }))
            _ = try await session.redis.send(Command(["ZREM", keys.admissions(to: id.text)] + bookings.map(\.text)))
        }
        _ = try await session.redis.send("ZREM", keys.exhibitionsWithAdmissions, id.text)
        _ = try await session.myPageStore.send("DEL", keys.pageExhibition(id.text))
    }

    /// A row whose visitor has changed between reading and removing is read again.
    private func removePages(_ bookings: [BookingID]) async throws {
        enum Code: String { case changed = "CHANGED", absent = "ABSENT", removed = "REMOVED" }
        let store = session.myPageStore
        var left = bookings
        while !left.isEmpty {
            let visitors = try await store.sendAll(left.map { Command("HGET", keys.page($0.text), "visitor") })
            let removals = zip(left, visitors).map { booking, visitor in
                let lists = visitor.shownIfAny.map { [keys.pages(of: $0), keys.visitors] } ?? []
                return Command(
                    Scripts.myPageRemove, keys: [keys.page(booking.text)] + lists,
                    rawArguments: [.text(booking.text), visitor.argument])
            }
            var changed: [BookingID] = []
            for (booking, reply) in zip(left, try await store.sendAll(removals)) {
                switch Code(rawValue: reply.shown) {
                case .absent, .removed: break
                case .changed: changed.append(booking)
                case nil: throw RedisError.unexpected("mypage_remove replied \(reply)")
                }
            }
            left = changed
        }
    }

    private func eachPart(of id: ExhibitionID, _ body: ([BookingID]) async throws -> Void) async throws {
        let bookings = try await session.bookings(of: id, seats: try await session.seats(of: id))
        for start in stride(from: 0, to: bookings.count, by: 200) {
            try await body(Array(bookings[start..<min(start + 200, bookings.count)]))
            show(OperationProgress("\(id.text): bookings", done: min(start + 200, bookings.count), of: bookings.count))
        }
    }

    func removeExhibition(_ exhibition: RetiredExhibition) async throws {
        enum Code: String { case gone = "GONE", changed = "CHANGED", purged = "PURGED", more = "MORE" }
        let id = exhibition.id
        try await removeMoves(of: id)
        var cursor = "0"
        while true {
            let reply = try await session.redis.send(
                Command(
                    Scripts.museumPurge,
                    keys: [
                        keys.exhibition(id.text), keys.seats(id.text), keys.exhibitions, keys.deletedExhibitions, keys.revoking,
                        keys.registrationKeys,
                    ], arguments: [id.text, exhibition.version, cursor])
            ).asArray()
            switch Code(rawValue: try (reply.first ?? .null).asText()) {
            case .gone, .purged: return
            case .changed: throw OperationError(changed(id))
            case .more: cursor = try (reply.last ?? .null).asText()
            case nil: throw RedisError.unexpected("museum_purge replied \(reply)")
            }
        }
    }

    /// A retired exhibition is not moved any more.
    private func removeMoves(of id: ExhibitionID) async throws {
        try await session.redis.eachMember(of: keys.movedExhibitions) { members in
            let own = members.keys.filter { $0.hasPrefix(id.text + ":") }
            if !own.isEmpty { _ = try await session.redis.send(Command(["ZREM", keys.movedExhibitions] + own)) }
        }
    }

    private func changed(_ id: ExhibitionID) -> String {
        "\(keys.exhibition(id.text)) has been changed by hand while it was purged; run this again"
    }
}

extension Reply {
    /// As the argument of a script, byte by byte; empty for a null.
    var argument: Command.Argument {
        if case .bytes(let bytes) = self { .bytes(bytes) } else { .text(shown) }
    }
}
