import Contracts
import TestSupport

/// The state that the events alone describe, computed independently of the services: what must be so if every event is the
/// whole truth about one change, in order.
struct EventLogModel {
    struct Exhibition { var capacity: Int, available: Int, status: ExhibitionStatus, version: Int, date: String }
    struct Booking { var visitor: String, seats: Int, status: BookingStatus, version: Int }
    struct Admission { var status: AdmissionStatus, version: Int }

    private(set) var exhibitions: [String: Exhibition] = [:]
    /// Seats by booking; 0 once all are released.
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
        case .exhibition(let payload): enter(payload, event.type)
        case .seats(let payload): enter(payload, event.type, id)
        case .booking(let payload): enter(payload, event.type)
        case .admission(let payload): enter(payload)
        }
    }

    private mutating func enter(_ payload: ExhibitionPayload, _ type: EventType) {
        let before = exhibitions[payload.id.text]
        expect(
            payload.version == (before?.version ?? 0) + 1, payload.id.text,
            "event \(type.rawValue) of version \(payload.version) follows version \(before?.version ?? 0)")
        expect(before?.status != .deleted, payload.id.text, "event \(type.rawValue) follows its deletion")
        let held = before.map { $0.capacity - $0.available } ?? 0
        exhibitions[payload.id.text] = Exhibition(
            capacity: payload.capacity, available: payload.capacity - held, status: payload.status, version: payload.version,
            date: payload.details.date)
        expect(payload.capacity >= held, payload.id.text, "capacity \(payload.capacity) is below the \(held) seats held")
    }

    private mutating func enter(_ payload: SeatsPayload, _ type: EventType, _ id: String) {
        let booking = payload.booking.text
        guard var exhibition = exhibitions[payload.booking.exhibition.text] else {
            return expect(false, booking, "\(type.rawValue) \(id) of an exhibition that nobody registered")
        }
        let before = seats[booking]
        switch type {
        case .seatsReserved:
            expect(before == nil, booking, "its seats are taken again by \(id)")
            expect(exhibition.status == .open, booking, "seats of a \(exhibition.status.rawValue) exhibition are taken by \(id)")
            expect(
                exhibition.date >= FaultDeployment.purgeBefore, booking, "seats of an exhibition that is over are taken by \(id)")
            exhibition.available -= payload.seats
            seats[booking] = payload.seats
            visitors[booking] = payload.visitor
        default:
            expect(
                before == payload.seats + payload.remaining && payload.seats > 0, booking,
                "\(type.rawValue) \(id) of \(payload.seats) with \(payload.remaining) left, it held \(before ?? 0)")
            expect(type == .seatsReleased || payload.remaining == 0, booking, "only some of its seats are revoked by \(id)")
            expect(type == .seatsReleased || exhibition.status == .deleted, booking, "seats are revoked by \(id), not deleted")
            exhibition.available += payload.seats
            seats[booking] = payload.remaining
        }
        expect(exhibition.available >= 0, booking, "a seat too many is sold by \(id): \(exhibition.available) left")
        expect(
            payload.available == exhibition.available, booking,
            "\(type.rawValue) \(id) says \(payload.available) are left, by the events before it it is \(exhibition.available)")
        exhibitions[payload.booking.exhibition.text] = exhibition
    }

    private static let beginnings: [BookingStatus: Set<BookingStatus?>] = [
        .requested: [nil], .aborted: [nil], .completed: [.requested], .canceled: [.requested, .completed],
        .forceCanceled: [.requested, .completed],
    ]

    private mutating func enter(_ payload: BookingPayload, _ type: EventType) {
        let before = bookings[payload.id.text]
        expect(
            payload.version == (before?.version ?? 0) + 1, payload.id.text,
            "event \(type.rawValue) of version \(payload.version) follows version \(before?.version ?? 0)")
        bookings[payload.id.text] = Booking(
            visitor: payload.visitor, seats: payload.seats, status: payload.status, version: payload.version)
        let seatsBefore = before?.seats ?? payload.seats
        if type == .bookingChanged {
            expect(
                payload.seats > 0 && payload.seats < seatsBefore, payload.id.text,
                "it goes from \(seatsBefore) to \(payload.seats) seats")
            expect(
                before?.status == payload.status && [.requested, .completed].contains(payload.status), payload.id.text,
                "with fewer seats it goes from \(before?.status.rawValue ?? "nothing") to \(payload.status.rawValue)")
            return
        }
        expect(
            payload.seats == seatsBefore, payload.id.text,
            "event \(type.rawValue) has \(payload.seats) seats, it had \(seatsBefore)")
        expect(
            Self.beginnings[payload.status]?.contains(before?.status) ?? false, payload.id.text,
            "it goes from \(before?.status.rawValue ?? "nothing") to \(payload.status.rawValue)")
    }

    private mutating func enter(_ payload: AdmissionPayload) {
        let id = payload.booking.text
        let before = admissions[id]?.version ?? 0
        expect(payload.version == before + 1, id, "admission event of version \(payload.version) follows version \(before)")
        admissions[id] = Admission(status: payload.status, version: payload.version)
    }
}

/// A promise that was not kept, and of which booking or exhibition.
public struct Violation: Sendable, Hashable {
    public let booking: String
    public let what: String
}
