import Contracts
import Redis
import Scripts

/// What a purge removes, a bounded step at a time.
extension Purge {
    func removeBookings(of exhibition: RetiredExhibition) async throws {
        let id = exhibition.id
        func remove(_ bookings: [BookingID]) async throws {
            let call = BookPurge(in: keys, exhibition: id.text, version: exhibition.version, bookings: bookings.map(\.text))
            switch try await session.redis.run(call) {
            case .removed: return
            case .changed: throw OperationError(changed(id))
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
        let store = session.myPageStore
        var left = bookings
        while !left.isEmpty {
            let visitors = try await store.sendAll(left.map { Command("HGET", keys.page($0.text), "visitor") })
            let removals = zip(left, visitors).map { booking, visitor in
                MyPageRemove(in: keys, booking: booking.text, visitor: visitor.argument, list: visitor.shownIfAny)
            }
            var changed: [BookingID] = []
            for (booking, code) in zip(left, try await store.runAll(removals)) {
                switch code {
                case .absent, .removed: break
                case .changed: changed.append(booking)
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
        let id = exhibition.id
        try await removeMoves(of: id)
        var cursor = "0"
        while true {
            let call = MuseumPurge(in: keys, exhibition: id.text, version: exhibition.version, cursor: cursor)
            switch try await session.redis.run(call) {
            case .gone, .purged: return
            case .changed: throw OperationError(changed(id))
            case .more(let next): cursor = next
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
