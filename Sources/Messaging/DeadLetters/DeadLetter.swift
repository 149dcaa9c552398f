public import Contracts
public import Redis

/// An event that could not be applied, with why.
public struct DeadLetter: Sendable {
    /// Its own place among the dead letters.
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

    /// ServiceName and id of the event: the same in both letters of one event.
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
        guard parts.count == 2, let id = StreamID(try parts[0].asText()) else { throw .unexpected("an entry was due") }
        let pairs = try parts[1].asPairs()
        let note = pairs.prefix(Self.noteNames.count).compactMap { name, value -> (name: String, value: String)? in
            if case (.text(let name), .text(let value)) = (name, value) { (name, value) } else { nil }
        }
        // An older version wrote the service under another name, at the same place.
        let isNoted =
            note.count == Self.noteNames.count && note.enumerated().allSatisfy { $0 == 1 || $1.name == Self.noteNames[$0] }
        self.id = id
        eventId = isNoted ? note[0].value : id.text
        service = isNoted ? note[1].value : "?"
        reason = isNoted ? note[2].value : "not written by skmuseum"
        attempts = isNoted ? note[3].value : "0"
        fields = isNoted ? Array(pairs.dropFirst(Self.noteNames.count)) : pairs
        event = Entry.event(in: fields)
    }

    private static let noteNames = ["eventId", "service", "reason", "attempts"]

    /// What stands in front of the event's fields.
    static func note(on entry: Entry, reason: String, attempts: Int) -> [Command.Argument] {
        let values = [entry.id, entry.source.rawValue, reason, String(attempts)]
        return zip(noteNames, values).flatMap { [.text($0), .text($1)] }
    }
}
