/// Why fields are no event of ours.
public enum MalformedEvent: Error, Sendable, Equatable, CustomStringConvertible {
    case missing(String)
    case invalid(String)
    /// Perhaps the event of a newer version of the program.
    case unknownType(String)

    public var description: String {
        switch self {
        case .missing(let field): "field \(field) is missing"
        case .invalid(let field): "field \(field) is not what it should be"
        case .unknownType(let type): Self.unknownType + String(type.unicodeScalars.prefix(80))
        }
    }

    /// Dead letters carry the description; by these words a later version finds those that it may know.
    private static let unknownType = "unknown event type "

    /// Whether a description is that of an unknown type.
    public static func isUnknownType(_ description: String) -> Bool { description.hasPrefix(unknownType) }
}

extension Event {
    /// Reads an event from a stream entry's fields. Fields it doesn't know are left aside.
    public init(fields: [String: String]) throws(MalformedEvent) {
        let fields = EventFields(fields)
        let name = try fields.text("eventType")
        guard let type = EventType(rawValue: name) else { throw .unknownType(name) }
        self.type = type
        self.timestamp = try fields.number("timestamp")
        self.requestId = fields.optionalText("requestId")
        self.subject =
            switch type {
            case .museumRegistered, .museumChanged, .museumDeleted: .exhibition(try ExhibitionPayload(fields))
            case .seatsReserved, .seatsReleased, .seatsRevoked: .seats(try SeatsPayload(fields))
            case .requested, .requestCompleted, .canceled, .forceCanceled, .aborted: .booking(try BookingPayload(fields))
            case .confirmCompleted, .confirmChanged: .admission(try AdmissionPayload(fields))
            }
    }
}

/// A stream entry's fields, read strictly.
struct EventFields {
    private let fields: [String: String]

    init(_ fields: [String: String]) { self.fields = fields }

    func optionalText(_ name: String) -> String? { fields[name] }

    func text(_ name: String) throws(MalformedEvent) -> String {
        guard let text = fields[name] else { throw .missing(name) }
        return text
    }

    func number<Number: FixedWidthInteger>(_ name: String) throws(MalformedEvent) -> Number {
        guard let number = Number(try text(name)), number >= 0 else { throw .invalid(name) }
        return number
    }

    func word<Word: RawRepresentable<String>>(_ name: String) throws(MalformedEvent) -> Word {
        guard let word = Word(rawValue: try text(name)) else { throw .invalid(name) }
        return word
    }

    func exhibition(_ name: String) throws(MalformedEvent) -> ExhibitionID {
        guard let id = ExhibitionID(try text(name)) else { throw .invalid(name) }
        return id
    }

    /// A booking of the exhibition that the event names beside it.
    func booking() throws(MalformedEvent) -> BookingID {
        guard let id = BookingID(try text("bookId")) else { throw .invalid("bookId") }
        guard try exhibition("museumId") == id.exhibition else { throw .invalid("museumId") }
        return id
    }
}

extension ExhibitionPayload {
    init(_ fields: EventFields) throws(MalformedEvent) {
        id = try fields.exhibition("museumId")
        title = fields.optionalText("title")
        hall = try fields.text("hall")
        date = try fields.text("date")
        startTime = fields.optionalText("startTime")
        endTime = fields.optionalText("endTime")
        capacity = try fields.number("capacity")
        status = try fields.word("status")
        version = try fields.number("version")
    }
}

extension SeatsPayload {
    init(_ fields: EventFields) throws(MalformedEvent) {
        booking = try fields.booking()
        seats = try fields.number("seats")
        available = try fields.number("available")
        visitor = fields.optionalText("visitor")
    }
}

extension BookingPayload {
    init(_ fields: EventFields) throws(MalformedEvent) {
        id = try fields.booking()
        visitor = try fields.text("visitor")
        seats = try fields.number("seats")
        status = try fields.word("status")
        version = try fields.number("version")
        createdAt = try fields.number("createdAt")
    }
}

extension AdmissionPayload {
    init(_ fields: EventFields) throws(MalformedEvent) {
        booking = try fields.booking()
        visitor = try fields.text("visitor")
        seats = try fields.number("seats")
        status = try fields.word("status")
        version = try fields.number("version")
    }
}
