/// Why the fields of a stream entry are not a valid event.
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
    /// Reads an event from a stream entry's fields. Unknown fields are ignored.
    public init(fields: [String: String]) throws(MalformedEvent) {
        try self.init(fields: fields.map { (name: $0, value: $1) })
    }

    /// The same with the fields in their order. A name that comes twice makes them no event.
    public init(fields: [(name: String, value: String)]) throws(MalformedEvent) {
        let fields = try EventFields(fields)
        let name = try fields.text("eventType")
        guard let type = EventType(rawValue: name) else { throw .unknownType(name) }
        self.type = type
        self.timestamp = try fields.number("timestamp")
        self.requestId = fields.optionalText("requestId")
        self.traceparent = fields.optionalText("traceparent")
        self.subject =
            switch type {
            case .museumRegistered, .museumChanged, .museumDeleted: .exhibition(try fields.exhibition())
            case .seatsReserved, .seatsReleased, .seatsRevoked: .seats(try fields.seats())
            case .requested, .requestCompleted, .canceled, .forceCanceled, .aborted, .bookingChanged:
                .booking(try fields.booking())
            case .confirmCompleted, .confirmChanged: .admission(try fields.admission())
            }
    }
}

/// A stream entry's fields, read strictly.
struct EventFields {
    /// An event has about ten: looking through them takes less time than making a dictionary of them.
    private let fields: [(name: String, value: String)]
    /// More fields than this are compared in a set.
    private static let few = 32

    init(_ fields: [(name: String, value: String)]) throws(MalformedEvent) {
        self.fields = fields
        if let name = fields.count > Self.few ? Self.repeatedOfMany(fields) : Self.repeatedOfFew(fields) { throw .invalid(name) }
    }

    private static func repeatedOfFew(_ fields: [(name: String, value: String)]) -> String? {
        for index in fields.indices.dropFirst() where fields[..<index].contains(where: { $0.name == fields[index].name }) {
            return fields[index].name
        }
        return nil
    }

    private static func repeatedOfMany(_ fields: [(name: String, value: String)]) -> String? {
        var names: Set<String> = []
        return fields.first { !names.insert($0.name).inserted }?.name
    }

    func optionalText(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    func text(_ name: String) throws(MalformedEvent) -> String {
        guard let text = optionalText(name) else { throw .missing(name) }
        return text
    }

    func number<Number: FixedWidthInteger>(_ name: String) throws(MalformedEvent) -> Number {
        guard let number = Number(try text(name)), number >= 0 else { throw .invalid(name) }
        return number
    }

    func optionalNumber<Number: FixedWidthInteger>(_ name: String) throws(MalformedEvent) -> Number? {
        optionalText(name) == nil ? nil : try number(name)
    }

    func word<Word: RawRepresentable<String>>(_ name: String) throws(MalformedEvent) -> Word {
        guard let word = Word(rawValue: try text(name)) else { throw .invalid(name) }
        return word
    }

    func exhibitionID(_ name: String) throws(MalformedEvent) -> ExhibitionID {
        guard let id = ExhibitionID(try text(name)) else { throw .invalid(name) }
        return id
    }

    /// A booking of the exhibition that the event names beside it.
    func bookingID() throws(MalformedEvent) -> BookingID {
        guard let id = BookingID(try text("bookId")) else { throw .invalid("bookId") }
        guard try exhibitionID("museumId") == id.exhibition else { throw .invalid("museumId") }
        return id
    }
}

extension EventFields {
    func exhibition() throws(MalformedEvent) -> ExhibitionPayload {
        let id = try exhibitionID("museumId")
        let details = ExhibitionDetails(
            title: optionalText("title"), hall: try text("hall"), date: try text("date"), startTime: optionalText("startTime"),
            endTime: optionalText("endTime"))
        return ExhibitionPayload(
            id: id, details: details, capacity: try number("capacity"), status: try word("status"),
            version: try number("version"))
    }

    func seats() throws(MalformedEvent) -> SeatsPayload {
        SeatsPayload(
            booking: try bookingID(), seats: try number("seats"), remaining: try optionalNumber("remaining") ?? 0,
            available: try number("available"), visitor: optionalText("visitor"))
    }

    func booking() throws(MalformedEvent) -> BookingPayload {
        BookingPayload(
            id: try bookingID(), visitor: try text("visitor"), seats: try number("seats"), status: try word("status"),
            version: try number("version"), createdAt: try number("createdAt"))
    }

    func admission() throws(MalformedEvent) -> AdmissionPayload {
        AdmissionPayload(
            booking: try bookingID(), visitor: try text("visitor"), seats: try number("seats"), status: try word("status"),
            version: try number("version"))
    }
}
