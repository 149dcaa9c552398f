import Contracts
import Redis
import Scripts

/// Iterates over large data, a bounded step at a time. What changes meanwhile may be visited or not; what stays is visited.
extension RedisClient {
    /// Keys that match, a page at a time. One may come twice; one that is not UTF-8 is none of ours.
    func eachKey(_ pattern: String, _ body: ([String]) async throws -> Void) async throws {
        try await eachStep(["SCAN"], ["MATCH", pattern, "COUNT", "500"]) { page in
            let keys = try page.asArray().compactMap { reply in if case .text(let key) = reply { key } else { nil } }
            if !keys.isEmpty { try await body(keys) }
        }
    }

    /// A sorted set's members and scores, a page at a time.
    func eachMember(of key: String, _ body: ([String: String]) async throws -> Void) async throws {
        try await eachStep(["ZSCAN", key], ["COUNT", "500"]) { page in
            let members = try page.asFields()
            if !members.isEmpty { try await body(members) }
        }
    }

    /// The members of many sorted sets, each with the place of its set among the keys; the next page of a hundred sets in one
    /// go.
    func eachMember(ofAll keys: [String], _ body: ([(index: Int, member: String)]) async throws -> Void) async throws {
        var open = keys.indices.map { (index: $0, cursor: "0") }
        while !open.isEmpty {
            let part = Array(open.prefix(100))
            open.removeFirst(part.count)
            var found: [(index: Int, member: String)] = []
            let replies = try await sendAll(part.map { Command("ZSCAN", keys[$0.index], $0.cursor, "COUNT", "500") })
            for (set, reply) in zip(part, replies) {
                let parts = try reply.asArray()
                guard parts.count == 2 else { throw RedisError.unexpected("ZSCAN replies two elements") }
                found += parts[1].shownFields.keys.map { (set.index, $0) }
                let cursor = try parts[0].asText()
                if cursor != "0" { open.append((set.index, cursor)) }
            }
            if !found.isEmpty { try await body(found) }
        }
    }

    /// A hash's fields, a page at a time.
    func eachField(of key: String, _ body: ([String: String]) async throws -> Void) async throws {
        try await eachStep(["HSCAN", key], ["COUNT", "500"]) { page in
            let fields = try page.asFields()
            if !fields.isEmpty { try await body(fields) }
        }
    }

    private func eachStep(_ start: [String], _ end: [String], _ body: (Reply) async throws -> Void) async throws {
        var cursor = "0"
        repeat {
            let reply = try await send(Command(start + [cursor] + end)).asArray()
            guard reply.count == 2 else { throw RedisError.unexpected("\(start[0]) replies two elements") }
            cursor = try reply[0].asText()
            try await body(reply[1])
        } while cursor != "0"
    }

    /// Sends many commands, at most 200 in one go.
    /// - Returns: a reply for each, in order.
    func sendAll(_ commands: [Command]) async throws(RedisError) -> [Reply] {
        var replies: [Reply] = []
        for start in stride(from: 0, to: commands.count, by: 200) {
            for result in await send(Array(commands[start..<min(start + 200, commands.count)])) {
                replies.append(try result.get())
            }
        }
        return replies
    }

    /// Runs a script many times, at most 200 in one go.
    /// - Returns: a result for each, in order.
    func runAll<Result>(_ calls: [any ScriptCall<Result>]) async throws(RedisError) -> [Result] {
        var results: [Result] = []
        for (call, reply) in zip(calls, try await sendAll(calls.map { Command($0) })) {
            results.append(try call.result(of: reply))
        }
        return results
    }
}

extension OperatorSession {
    /// The exhibitions of a partition, the deleted ones too.
    func exhibitions(in partition: String) async throws -> [ExhibitionID] {
        let keys = Keys(partition: partition)
        var ids: Set<String> = []
        for key in [keys.exhibitions, keys.deletedExhibitions] {
            try await redis.eachMember(of: key) { ids.formUnion($0.keys) }
        }
        return ids.sorted { ($0.count, $0) < ($1.count, $1) }.compactMap(ExhibitionID.init)
    }

    /// Seats by booking, as Museum has them.
    func seats(of id: ExhibitionID) async throws -> [String: Int] {
        var seats: [String: Int] = [:]
        try await redis.eachField(of: Keys(partition: id.partition).seats(id.text)) { fields in
            for (booking, number) in fields { seats[booking] = Int(number) ?? -1 }
        }
        return seats
    }

    /// Every booking that Museum, Book or Confirm knows for the exhibition.
    func bookings(of id: ExhibitionID, seats: [String: Int]) async throws -> [BookingID] {
        let keys = Keys(partition: id.partition)
        var names = Set(seats.keys)
        for key in [keys.bookings(of: id.text), keys.admissions(to: id.text)] {
            try await redis.eachMember(of: key) { names.formUnion($0.keys) }
        }
        return names.sorted().compactMap(BookingID.init)
    }
}
