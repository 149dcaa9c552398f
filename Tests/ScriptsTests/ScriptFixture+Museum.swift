import Redis
import Scripts
import TestSupport
import Testing

/// Museum's scripts on exhibition `a1`.
extension ScriptFixture {
    static let exhibition = "a1"
    static let moment: Int64 = 1_764_000_000_000
    /// As it is stored.
    static let now = String(moment)

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

    private static func fields(_ plan: [String], _ capacity: Int) -> ExhibitionFields {
        ExhibitionFields(
            title: plan[0], hall: plan[1], date: plan[2], startTime: plan[3], endTime: plan[4], capacity: capacity)
    }

    @discardableResult
    func register(
        capacity: Int = 10, plan: [String] = plan, requestId: String = "r-1", id: String = exhibition,
        key: (name: String, digest: String)? = nil
    ) async throws -> Answer {
        try await run(
            MuseumRegister(
                in: keys, now: Self.moment, requestId: requestId, exhibitions: [(id, Self.fields(plan, capacity))],
                idempotency: key.map { ($0.name, $0.digest) }))
    }

    /// Registers several in one call, each in a hall of its own.
    @discardableResult
    func register(_ ids: [String], key: (name: String, digest: String)? = nil) async throws -> Answer {
        try await run(
            MuseumRegister(
                in: keys, now: Self.moment, requestId: "r-1",
                exhibitions: ids.map { id in
                    (id, Self.fields([Self.plan[0], "Hall \(id)"] + Self.plan[2...], 10))
                },
                idempotency: key.map { ($0.name, $0.digest) }))
    }

    @discardableResult
    func edit(
        at version: Int, plan: [String] = plan, capacity: Int = 10, status: String = "OPEN"
    ) async throws -> Answer {
        try await run(
            MuseumEdit(
                in: keys, now: Self.moment, requestId: "r-2", exhibition: Self.exhibition, version: version,
                fields: Self.fields(plan, capacity), status: status))
    }

    @discardableResult
    func delete(requestId: String = "r-3") async throws -> Answer {
        try await run(MuseumDelete(in: keys, now: Self.moment, requestId: requestId, exhibition: Self.exhibition))
    }

    /// Retires the exhibition as a purge of what ended before a day does.
    @discardableResult
    func retire(before day: String, after previous: String) async throws -> Answer {
        try await run(
            MuseumRetire(in: keys, now: Self.moment, exhibition: Self.exhibition, day: day, previousDay: previous))
    }

    /// Reserves for each booking, all in one call.
    /// - Returns: a word and the seats left for each, as in `RESERVED 8`.
    @discardableResult
    func reserve(_ wanted: (booking: Int, seats: Int)...) async throws -> [String] { try await reserve(wanted) }

    /// A museum's date, the day before, and its time of day, long before the plan above.
    static let longBefore = ["2026-01-15", "2026-01-14", "12:00"]

    @discardableResult
    func reserve(_ wanted: [(booking: Int, seats: Int)], at local: [String] = longBefore) async throws -> [String] {
        let reservations = wanted.map {
            MuseumReserve.Reservation(
                booking: Self.booking($0.booking), seats: $0.seats, visitor: "visitor-\($0.booking)",
                requestId: "r-\($0.booking)")
        }
        let reply = try await client.send(Command(reserveCall(reservations, at: local)))
        return try reply.asPairs().map { "\(try $0.name.asText()) \(try $0.value.asInteger())" }
    }

    func reserveCall(_ reservations: [MuseumReserve.Reservation], at local: [String] = longBefore) -> MuseumReserve {
        MuseumReserve(
            in: keys, now: Self.moment, exhibition: Self.exhibition, date: local[0], previousDate: local[1], time: local[2],
            reservations: reservations)
    }

    @discardableResult
    func release(_ booking: Int, kept: Int = 0) async throws -> Answer {
        try await run(
            MuseumRelease(
                in: keys, now: Self.moment,
                bookings: [
                    MuseumRelease.Booking(id: Self.booking(booking), exhibition: Self.exhibition, kept: kept, requestId: "r-4")
                ]))
    }

    @discardableResult
    func revoke() async throws -> Answer {
        try await run(MuseumRevoke(in: keys, now: Self.moment, exhibition: Self.exhibition))
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
