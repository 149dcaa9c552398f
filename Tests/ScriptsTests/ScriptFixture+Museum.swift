import Redis
import Scripts
import TestSupport
import Testing

/// Museum's scripts on exhibition `a1`.
extension ScriptFixture {
    static let exhibition = "a1"
    static let now = "1764000000000"

    var exhibition: String { keys.exhibition(Self.exhibition) }
    var seats: String { keys.seats(Self.exhibition) }
    var museumEvents: String { keys.events(of: "museum") }

    /// A booking's id of exhibition `a1`.
    static func booking(_ number: Int) -> String {
        let digits = String(number)
        return "a1-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// Title, hall, date, start and end: what staff say of an exhibition.
    static let plan = ["달 항아리", "Hall 1", "2099-12-24", "14:00", "16:00"]
    static let slot = "209912241400"

    @discardableResult
    func register(
        capacity: Int = 10, plan: [String] = plan, requestId: String = "r-1", id: String = exhibition,
        key: (name: String, digest: String)? = nil
    ) async throws -> Answer {
        try await run(
            Scripts.museumRegister,
            [keys.exhibition(id), keys.exhibitions, museumEvents] + (key == nil ? [] : [keys.registrationKeys]),
            [Self.now, requestId, id] + plan + [String(capacity)] + (key.map { [$0.name, $0.digest] } ?? []))
    }

    @discardableResult
    func edit(
        at version: Int, plan: [String] = plan, capacity: Int = 10, status: String = "OPEN"
    ) async throws -> Answer {
        try await run(
            Scripts.museumEdit, [exhibition, keys.exhibitions, museumEvents, keys.movedExhibitions],
            [Self.now, "r-2", Self.exhibition, String(version)] + plan + [String(capacity), status])
    }

    @discardableResult
    func delete(requestId: String = "r-3") async throws -> Answer {
        try await run(
            Scripts.museumDelete, [exhibition, keys.exhibitions, keys.deletedExhibitions, keys.revoking, museumEvents],
            [Self.now, requestId, Self.exhibition])
    }

    /// Retires the exhibition as a purge of what ended before a day does.
    @discardableResult
    func retire(before day: String, after previous: String) async throws -> Answer {
        try await run(
            Scripts.museumRetire, [exhibition, keys.exhibitions, keys.deletedExhibitions, museumEvents],
            [Self.now, Self.exhibition, day, previous])
    }

    /// Reserves for each booking, all in one call.
    /// - Returns: a word and the seats left for each, as in `RESERVED 8`.
    @discardableResult
    func reserve(_ wanted: (booking: Int, seats: Int)...) async throws -> [String] { try await reserve(wanted) }

    /// A museum's date, the day before, and its time of day, long before the plan above.
    static let longBefore = ["2026-01-15", "2026-01-14", "12:00"]

    @discardableResult
    func reserve(_ wanted: [(booking: Int, seats: Int)], at local: [String] = longBefore) async throws -> [String] {
        let arguments = wanted.flatMap {
            [Self.booking($0.booking), String($0.seats), "visitor-\($0.booking)", "r-\($0.booking)"]
        }
        let reply = try await client.send(
            Command(
                Scripts.museumReserve, keys: [exhibition, seats, museumEvents],
                arguments: [Self.now, Self.exhibition] + local + arguments))
        return try reply.asPairs().map { "\(try $0.name.asText()) \(try $0.value.asInteger())" }
    }

    @discardableResult
    func release(_ booking: Int) async throws -> Answer {
        try await run(
            Scripts.museumRelease, [exhibition, seats, museumEvents], [Self.now, "r-4", Self.exhibition, Self.booking(booking)])
    }

    @discardableResult
    func revoke() async throws -> Answer {
        try await run(Scripts.museumRevoke, [exhibition, seats, keys.revoking, museumEvents], [Self.now, Self.exhibition])
    }

    /// Checks that no seat is lost and none is sold twice.
    /// - Returns: the seats held.
    @discardableResult
    func balance(location: SourceLocation = #_sourceLocation) async throws -> Int {
        let fields = try await fields(exhibition)
        let (capacity, available, held) = (fields["capacity"] ?? "", fields["available"] ?? "", fields["held"] ?? "")
        let sum = try await self.fields(seats).values.reduce(0) { $0 + (Int($1) ?? .min / 2) }
        #expect(Int(held) == sum, "held is the sum of seats", sourceLocation: location)
        #expect((Int(available) ?? -1) + (Int(held) ?? -1) == Int(capacity), "\(fields)", sourceLocation: location)
        #expect((Int(available) ?? -1) >= 0, sourceLocation: location)
        #expect(String(Int(available) ?? -1) == available && String(Int(held) ?? -1) == held, sourceLocation: location)
        return sum
    }
}
