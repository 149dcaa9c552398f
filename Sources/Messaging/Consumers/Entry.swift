import Contracts
import Redis

/// One entry of a stream as it was delivered.
struct Entry: Sendable {
    enum Content: Sendable {
        case event(Event)
        /// An event of a type that the service has no use for. Nothing else of it is read.
        case irrelevant
        case malformed(MalformedEvent)
        /// The entry was trimmed or deleted while it was pending.
        case gone
    }

    let source: ServiceName
    let id: String
    /// Field names and values, byte by byte as they came.
    let fields: [(name: Reply, value: Reply)]
    let content: Content

    /// `<service>:<id>`, unique in a partition.
    var name: String { source.rawValue + ":" + id }

    /// - Parameter relevant: the types of events that the service applies.
    static func list(
        streams reply: Reply, sources: [String: ServiceName], relevant: Set<EventType>
    ) throws(RedisError) -> [Entry] {
        var entries: [Entry] = []
        for stream in try reply.asArray() {
            let parts = try stream.asArray()
            guard parts.count == 2, let source = sources[try parts[0].asText()] else { throw .unexpected("expected a stream") }
            entries += try list(entries: parts[1], source: source, relevant: relevant)
        }
        return entries
    }

    static func list(
        entries reply: Reply, source: ServiceName, relevant: Set<EventType>
    ) throws(RedisError) -> [Entry] {
        var entries: [Entry] = []
        for entry in try reply.asArray() {
            let parts = try entry.asArray()
            guard parts.count == 2 else { throw .unexpected("expected an entry") }
            let id = try parts[0].asText()
            if case .null = parts[1] {
                entries.append(Entry(source: source, id: id, fields: [], content: .gone))
            } else {
                let fields = try parts[1].asPairs()
                entries.append(Entry(source: source, id: id, fields: fields, content: Self.content(of: fields, relevant)))
            }
        }
        return entries
    }

    private static func content(of fields: [(name: Reply, value: Reply)], _ relevant: Set<EventType>) -> Content {
        // Every event begins with its type.
        if let first = fields.first, first.name == .text("eventType"), case .text(let name) = first.value,
            let type = EventType(rawValue: name), !relevant.contains(type)
        {
            return .irrelevant
        }
        return switch event(in: fields) {
        case .success(let event): .event(event)
        case .failure(let why): .malformed(why)
        }
    }

    var isGone: Bool { if case .gone = content { true } else { false } }

    /// The fields as arguments of a command.
    var arguments: [Command.Argument] {
        fields.flatMap { [$0.name, $0.value] }.map { word in
            if case .bytes(let bytes) = word { .bytes(bytes) } else { .text((try? word.asText()) ?? "") }
        }
    }

    /// Reads fields as they came; a name that comes twice, or bytes that are no UTF-8, make them no event.
    static func event(in pairs: [(name: Reply, value: Reply)]) -> Result<Event, MalformedEvent> {
        var fields: [(name: String, value: String)] = []
        fields.reserveCapacity(pairs.count)
        for (name, value) in pairs {
            guard case .text(let name) = name else { return .failure(.invalid("(a name that is not UTF-8)")) }
            guard case .text(let value) = value else { return .failure(.invalid(name)) }
            fields.append((name, value))
        }
        return Result { () throws(MalformedEvent) in try Event(fields: fields) }
    }
}

/// A stream entry's id: milliseconds and a sequence number.
public struct StreamID: Sendable, Hashable, Comparable {
    public let milliseconds: UInt64
    public let sequence: UInt64

    public static let zero = StreamID(milliseconds: 0, sequence: 0)

    public init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Reads `ms-seq`, or `ms` alone for its first.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        // UInt64 would also read "+5".
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }) else { return nil }
        guard let milliseconds = UInt64(parts[0]), let sequence = parts.count == 2 ? UInt64(parts[1]) : 0 else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    public var text: String { "\(milliseconds)-\(sequence)" }

    /// The id right below; zero stays zero.
    public var previous: StreamID {
        if sequence > 0 { return StreamID(milliseconds: milliseconds, sequence: sequence - 1) }
        return milliseconds > 0 ? StreamID(milliseconds: milliseconds - 1, sequence: .max) : .zero
    }

    public static func < (left: StreamID, right: StreamID) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }
}
