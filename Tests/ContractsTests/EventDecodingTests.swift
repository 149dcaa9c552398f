import Contracts
import Testing

/// An event's fields, read strictly.
struct EventDecodingTests {
    private static let cause = ["timestamp": "1764000000000", "museumId": "a1", "requestId": "r-1"]
    private static let exhibition = [
        "title": "달 항아리", "hall": "Hall 1", "date": "2099-12-24", "startTime": "14:00", "endTime": "16:00", "capacity": "20",
        "status": "OPEN", "version": "3",
    ]
    private static let seats = ["bookId": "a1-7q2k9fx03mzr", "seats": "2", "remaining": "3", "available": "18", "visitor": "kim"]
    private static let booking = [
        "bookId": "a1-7q2k9fx03mzr", "visitor": "kim", "seats": "2", "status": "REQUESTED", "version": "1", "createdAt": "17",
    ]
    private static let admission = [
        "bookId": "a1-7q2k9fx03mzr", "visitor": "kim", "seats": "2", "status": "CONFIRMED", "version": "1",
    ]

    /// The fields of an event of a type, and those of them that may be absent.
    private static func fields(of type: EventType) -> (all: [String: String], optional: Set<String>) {
        let (own, optional): ([String: String], Set<String>) =
            switch type {
            case .museumRegistered, .museumChanged, .museumDeleted: (exhibition, ["title", "startTime", "endTime"])
            case .seatsReserved, .seatsReleased, .seatsRevoked: (seats, ["visitor", "remaining"])
            case .requested, .requestCompleted, .canceled, .forceCanceled, .aborted, .bookingChanged: (booking, [])
            case .confirmCompleted, .confirmChanged: (admission, [])
            }
        return (own.merging(cause) { $1 }.merging(["eventType": type.rawValue]) { $1 }, optional.union(["requestId"]))
    }

    private static func failure(_ fields: [String: String]) -> MalformedEvent? {
        do throws(MalformedEvent) { _ = try Event(fields: fields) } catch { return error }
        return nil
    }

    @Test(arguments: EventType.allCases)
    func ofEachType(_ type: EventType) throws {
        let event = try Event(fields: Self.fields(of: type).all)
        #expect(event.type == type)
        #expect(event.timestamp == 1_764_000_000_000)
        #expect(event.requestId == "r-1")
        let id = try #require(BookingID("a1-7q2k9fx03mzr"))
        switch event.subject {
        case .exhibition(let payload):
            #expect(type.rawValue.hasPrefix("Museum"))
            #expect(
                payload.id.text == "a1" && payload.details.title == "달 항아리" && payload.details.hall == "Hall 1"
                    && payload.details.date == "2099-12-24")
            #expect(payload.details.startTime == "14:00" && payload.details.endTime == "16:00" && payload.capacity == 20)
            #expect(payload.status == .open && payload.version == 3)
        case .seats(let payload):
            #expect(type.rawValue.hasPrefix("Seats"))
            #expect(
                payload.booking == id && payload.seats == 2 && payload.remaining == 3 && payload.available == 18
                    && payload.visitor == "kim")
        case .booking(let payload):
            #expect([.requested, .requestCompleted, .canceled, .forceCanceled, .aborted, .bookingChanged].contains(type))
            #expect(payload.id == id && payload.visitor == "kim" && payload.seats == 2 && payload.status == .requested)
            #expect(payload.version == 1 && payload.createdAt == 17)
        case .admission(let payload):
            #expect(type.rawValue.hasPrefix("Confirm"))
            #expect(payload.booking == id && payload.visitor == "kim" && payload.seats == 2)
            #expect(payload.status == .confirmed && payload.version == 1)
        }
    }

    @Test(arguments: EventType.allCases)
    func eachFieldMissing(_ type: EventType) {
        let (all, optional) = Self.fields(of: type)
        for name in all.keys {
            var fields = all
            fields[name] = nil
            #expect(Self.failure(fields) == (optional.contains(name) ? nil : .missing(name)), "\(name)")
        }
    }

    @Test(arguments: EventType.allCases)
    func badNumbers(_ type: EventType) {
        let all = Self.fields(of: type).all
        for name in ["timestamp", "seats", "remaining", "available", "capacity", "version", "createdAt"] where all[name] != nil {
            Self.expectInvalid(
                ["", " ", "x", "-1", "1.5", "1e3", "0x1", " 1", "1 ", "１", "99999999999999999999", "nan"], of: name, in: all)
        }
    }

    private static func expectInvalid(_ values: [String], of name: String, in all: [String: String]) {
        for value in values {
            var fields = all
            fields[name] = value
            #expect(failure(fields) == .invalid(name), "\(name) \(value)")
        }
    }

    @Test(arguments: EventType.allCases)
    func badWordsAndIds(_ type: EventType) {
        let all = Self.fields(of: type).all
        for (name, words) in [
            "status": ["", "open", "WONDERING"], "museumId": ["", "{a}1", "a01"], "bookId": ["", "a1", "a1-"],
        ]
        where all[name] != nil { Self.expectInvalid(words, of: name, in: all) }
    }

    @Test(arguments: EventType.allCases)
    func aBookingOfAnotherExhibition(_ type: EventType) {
        var fields = Self.fields(of: type).all
        guard fields["bookId"] != nil else { return }
        fields["museumId"] = "a2"
        #expect(Self.failure(fields) == .invalid("museumId"))
    }

    @Test func anUnknownTypeIsRefused() {
        for type in ["Wondered", "", "requested", "Requested "] {
            var fields = Self.fields(of: .requested).all
            fields["eventType"] = type
            #expect(Self.failure(fields) == .unknownType(type))
        }
        #expect(MalformedEvent.unknownType(String(repeating: "x", count: 1 << 20)).description.count < 120)
    }

    @Test func unknownFieldsAreIgnored() throws {
        var fields = Self.fields(of: .requested).all
        let event = try Event(fields: fields)
        fields["colour"] = "blue"
        #expect(try Event(fields: fields) == event)
    }
}
