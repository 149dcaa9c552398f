public import Contracts
public import Redis

/// An event that could not be applied, with why.
public struct DeadLetter: Sendable {
    /// Its id in the dead-letter stream.
    public let id: StreamID
    /// The event's id in its stream. A process killed between writing and acknowledging writes two letters of one event.
    public let eventId: String
    /// Whose event it is.
    public let service: String
    public let reason: String
    /// How often it was tried.
    public let attempts: String
    /// The event's fields, names and values, byte by byte as they came. None: it was taken out of its stream by hand.
    public let fields: [(name: Reply, value: Reply)]
    /// The event as this version of the program reads it, or why it is none.
    public let event: Result<Event, MalformedEvent>

    /// Service and id of the event: the same in both letters of one event.
    public var eventName: String { service + ":" + eventId }

    /// The event's type as it came, if it has one.
    public var type: Reply? { fields.first { $0.name == .text("eventType") }?.value }

    /// Whether an older version of the program wrote it because it did not know the type, and this one does.
    public var isKnownByNow: Bool {
        guard MalformedEvent.isUnknownType(reason), case .success = event else { return false }
        return true
    }

    /// Reads an entry of the dead-letter stream: the note, then the event's fields, which may have the same names.
    init(entry: Reply) throws(RedisError) {
        let parts = try entry.asArray()
        guard parts.count == 2, let id = StreamID(try parts[0].asText()) else { throw .unexpected("expected an entry") }
        let pairs = try parts[1].asPairs()
        let note = Self.note(in: pairs)
        self.id = id
        eventId = note?[0] ?? id.text
        service = note?[1] ?? "?"
        reason = note?[2] ?? "not written by skmuseum"
        attempts = note?[3] ?? "0"
        fields = note == nil ? pairs : Array(pairs.dropFirst(Self.noteNames.count))
        event = Entry.event(in: fields.flatMap { [$0.name, $0.value] })
    }

    private static let noteNames = ["eventId", "service", "reason", "attempts"]
    /// The service is read by its position: older versions wrote it under another name.
    private static let servicePosition = 1

    /// The note's values in the order of ``noteNames``; `nil` where the entry does not begin with a note.
    private static func note(in pairs: [(name: Reply, value: Reply)]) -> [String]? {
        guard pairs.count >= noteNames.count else { return nil }
        var values: [String] = []
        for (position, pair) in pairs.prefix(noteNames.count).enumerated() {
            guard case (.text(let name), .text(let value)) = (pair.name, pair.value),
                position == servicePosition || name == noteNames[position]
            else { return nil }
            values.append(value)
        }
        return values
    }

    /// What stands in front of the event's fields.
    static func note(on entry: Entry, reason: String, attempts: Int) -> [Command.Argument] {
        let values = [entry.id, entry.source.rawValue, reason, String(attempts)]
        return zip(noteNames, values).flatMap { [.text($0), .text($1)] }
    }
}
