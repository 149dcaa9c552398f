import Contracts
import Redis

/// One entry of a stream as it was delivered. A class, since entries are passed from list to list.
final class Entry: Sendable {
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
    /// Field names and values in turn, byte by byte as they came.
    let words: [Reply]
    let content: Content

    init(source: ServiceName, id: String, words: [Reply], content: Content) {
        self.source = source
        self.id = id
        self.words = words
        self.content = content
    }

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
                entries.append(Entry(source: source, id: id, words: [], content: .gone))
            } else {
                let words = try parts[1].asArray()
                guard words.count.isMultiple(of: 2) else { throw .unexpected("names and values were due") }
                entries.append(Entry(source: source, id: id, words: words, content: Self.content(of: words, relevant)))
            }
        }
        return entries
    }

    private static func content(of words: [Reply], _ relevant: Set<EventType>) -> Content {
        // Every event begins with its type.
        if words.count > 1, case (.text("eventType"), .text(let name)) = (words[0], words[1]),
            let type = EventType(rawValue: name), !relevant.contains(type)
        {
            return .irrelevant
        }
        return switch event(in: words) {
        case .success(let event): .event(event)
        case .failure(let why): .malformed(why)
        }
    }

    var isGone: Bool { if case .gone = content { true } else { false } }

    /// The fields as arguments of a command. A stream's fields are text or bytes; nothing else comes.
    var arguments: [Command.Argument] {
        words.map { word in
            if case .bytes(let bytes) = word { .bytes(bytes) } else { .text((try? word.asText()) ?? "") }
        }
    }

    /// Reads names and values as they came; a name that comes twice, or bytes that are no UTF-8, make them no event.
    static func event(in words: [Reply]) -> Result<Event, MalformedEvent> {
        var fields: [(name: String, value: String)] = []
        fields.reserveCapacity(words.count / 2)
        for index in stride(from: 0, to: words.count - 1, by: 2) {
            guard case .text(let name) = words[index] else { return .failure(.invalid("(a name that is not UTF-8)")) }
            guard case .text(let value) = words[index + 1] else { return .failure(.invalid(name)) }
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
        // Each event's id is read, so without substrings.
        var milliseconds: UInt64?
        var number: UInt64 = 0
        var hasDigits = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: "-"), milliseconds == nil, hasDigits {
                milliseconds = number
                (number, hasDigits) = (0, false)
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (shifted, isLarge) = number.multipliedReportingOverflow(by: 10)
            let (next, isLarger) = shifted.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !isLarge, !isLarger else { return nil }
            (number, hasDigits) = (next, true)
        }
        guard hasDigits else { return nil }
        self.init(milliseconds: milliseconds ?? number, sequence: milliseconds == nil ? 0 : number)
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
