import Contracts

/// The museum as its events alone tell it, written down independently of the rooms: what must be so if every event is the whole
/// truth about one change, in order.
struct Ledger {
    struct Exhibition { var capacity: Int, available: Int, status: ExhibitionStatus, version: Int, date: String }
    struct Booking { var visitor: String, seats: Int, status: BookingStatus, version: Int }
    struct Admission { var status: AdmissionStatus, version: Int }

    private(set) var exhibitions: [String: Exhibition] = [:]
    /// Seats by booking; 0 once given back.
    private(set) var seats: [String: Int] = [:]
    private(set) var bookings: [String: Booking] = [:]
    private(set) var admissions: [String: Admission] = [:]
    /// Whose seats were taken.
    private(set) var visitors: [String: String] = [:]
    private(set) var violations: [Violation] = []

    private mutating func expect(_ isRight: Bool, _ id: String, _ what: @autoclosure () -> String) {
        if !isRight { violations.append(Violation(booking: id, what: what())) }
    }

    mutating func enter(_ event: Event, id: String) {
        switch event.subject {
        case .exhibition(let facts): enter(facts, event.type)
        case .seats(let facts): enter(facts, event.type, id)
        case .booking(let facts): enter(facts, event.type)
        case .admission(let facts): enter(facts)
        }
    }

    private mutating func enter(_ facts: ExhibitionFacts, _ type: EventType) {
        let before = exhibitions[facts.id.text]
        expect(
            facts.version == (before?.version ?? 0) + 1, facts.id.text,
            "event \(type.rawValue) of version \(facts.version) follows version \(before?.version ?? 0)")
        expect(before?.status != .deleted, facts.id.text, "event \(type.rawValue) follows its deletion")
        let held = before.map { $0.capacity - $0.available } ?? 0
        exhibitions[facts.id.text] = Exhibition(
            capacity: facts.capacity, available: facts.capacity - held, status: facts.status, version: facts.version,
            date: facts.date)
        expect(facts.capacity >= held, facts.id.text, "capacity \(facts.capacity) is below the \(held) seats held")
    }

    private mutating func enter(_ facts: SeatsFacts, _ type: EventType, _ id: String) {
        let booking = facts.booking.text
        guard var exhibition = exhibitions[facts.booking.exhibition.text] else {
            return expect(false, booking, "\(type.rawValue) \(id) of an exhibition that nobody registered")
        }
        let before = seats[booking]
        switch type {
        case .seatsReserved:
            expect(before == nil, booking, "its seats are taken again by \(id)")
            expect(exhibition.status == .open, booking, "seats of a \(exhibition.status.rawValue) exhibition are taken by \(id)")
            expect(exhibition.date >= FaultHouse.purgeBefore, booking, "seats of an exhibition that is over are taken by \(id)")
            exhibition.available -= facts.seats
            seats[booking] = facts.seats
            visitors[booking] = facts.visitor
        default:
            expect(
                before == facts.seats && facts.seats > 0, booking,
                "\(type.rawValue) \(id) of \(facts.seats), it held \(before ?? 0)")
            expect(type == .seatsReleased || exhibition.status == .deleted, booking, "seats are revoked by \(id), not deleted")
            exhibition.available += facts.seats
            seats[booking] = 0
        }
        expect(exhibition.available >= 0, booking, "a seat too many is sold by \(id): \(exhibition.available) left")
        expect(
            facts.available == exhibition.available, booking,
            "\(type.rawValue) \(id) says \(facts.available) are left, by the events before it it is \(exhibition.available)")
        exhibitions[facts.booking.exhibition.text] = exhibition
    }

    private static let beginnings: [BookingStatus: Set<BookingStatus?>] = [
        .requested: [nil], .aborted: [nil], .completed: [.requested], .canceled: [.requested, .completed],
        .forceCanceled: [.requested, .completed],
    ]

    private mutating func enter(_ facts: BookingFacts, _ type: EventType) {
        let before = bookings[facts.id.text]
        expect(
            facts.version == (before?.version ?? 0) + 1, facts.id.text,
            "event \(type.rawValue) of version \(facts.version) follows version \(before?.version ?? 0)")
        expect(
            Self.beginnings[facts.status]?.contains(before?.status) ?? false, facts.id.text,
            "it goes from \(before?.status.rawValue ?? "nothing") to \(facts.status.rawValue)")
        bookings[facts.id.text] = Booking(
            visitor: facts.visitor, seats: facts.seats, status: facts.status, version: facts.version)
    }

    private mutating func enter(_ facts: AdmissionFacts) {
        let id = facts.booking.text
        let before = admissions[id]?.version ?? 0
        expect(facts.version == before + 1, id, "admission event of version \(facts.version) follows version \(before)")
        admissions[id] = Admission(status: facts.status, version: facts.version)
    }
}

/// A promise that was not kept, and of which booking or exhibition.
public struct Violation: Sendable, Hashable {
    public let booking: String
    public let what: String
}
