package import Contracts
import Messaging
import Redis
import Scripts

/// Held seats against their sum at one instant, though the seats are read in many small steps.
///
/// The script that changes a seats field also appends an event. So the fields as they were read, with the events since the
/// reading began applied to them, are the fields at the moment of the last of those events; held is read at that moment.
package struct SeatSum {
    private(set) var seats: [String: Int]
    let violation: Audit.Violation?

    init(of id: ExhibitionID, _ session: OperatorSession) async throws {
        let keys = Keys(partition: id.partition)
        let stream = keys.events(of: ServiceName.museum.rawValue)
        let key = keys.exhibition(id.text)
        let start = try await session.redis.state(of: stream).last
        seats = try await session.seats(of: id)
        let results = await session.redis.send([
            Command("MULTI"), Command("XINFO", "STREAM", stream), Command("HMGET", key, "held", "purging"), Command("EXEC"),
        ])
        let replies = try results[3].get().asArray()
        guard replies.count == 2 else { throw RedisError.unexpected("two replies were expected") }
        let end = if case .array = replies[0] { try StreamState(replies[0]).last } else { StreamID.zero }
        let fields = try replies[1].asArray()
        // A purge removes seats without an event.
        guard fields.count == 2, let held = Int(fields[0].shown), fields[1] == .null else {
            violation = nil
            return
        }
        var after = start
        while after < end {
            let entries = try await session.redis.send("XRANGE", stream, "(" + after.text, end.text, "COUNT", "500").asArray()
            guard let last = entries.last else { break }
            after = StreamID(try (try last.asArray().first ?? .null).asText()) ?? end
            for entry in entries { Self.apply((try entry.asArray().last ?? .null).shownFields, of: id, to: &seats) }
        }
        violation = Self.compare(seats, held: held, key: key)
    }

    /// Applies an event to the seats of the exhibition's bookings.
    package static func apply(_ event: [String: String], of id: ExhibitionID, to seats: inout [String: Int]) {
        guard event["museumId"] == id.text, let booking = event["bookId"] else { return }
        let isReserved = event["eventType"] == EventType.seatsReserved.rawValue
        seats[booking] = Int(event[isReserved ? "seats" : "remaining"] ?? "") ?? 0
    }

    package static func compare(_ seats: [String: Int], held: Int, key: String) -> Audit.Violation? {
        let sum = seats.values.reduce(0, +)
        return sum == held ? nil : Audit.Violation(key: key, what: "held is \(held), the seats of its bookings are \(sum)")
    }

    /// - Parameter numbers: capacity, available and held, read in one command.
    package static func addsUp(_ numbers: [Int?], key: String) -> [Audit.Violation] {
        guard numbers.count == 3, let capacity = numbers[0], let available = numbers[1], let held = numbers[2] else {
            return [Audit.Violation(key: key, what: "capacity, available or held is missing or no number")]
        }
        var violations: [Audit.Violation] = []
        if available + held != capacity {
            violations.append(
                Audit.Violation(key: key, what: "available \(available) + held \(held) is not capacity \(capacity)"))
        }
        if available < 0 { violations.append(Audit.Violation(key: key, what: "available is \(available)")) }
        if held < 0 { violations.append(Audit.Violation(key: key, what: "held is \(held)")) }
        return violations
    }
}
