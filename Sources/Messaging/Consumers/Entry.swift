import Contracts
import Redis

/// One entry of a stream as it was delivered.
struct Entry: Sendable {
    let source: ServiceName
    let id: String
    /// Field names and values, byte by byte as they came; `nil` if the entry was trimmed or deleted while it was pending.
    let raw: [Command.Argument]?
    /// The event, or why it is none.
    let event: Result<Event, MalformedEvent>

    /// `<service>:<id>`, unique in a partition.
    var name: String { source.rawValue + ":" + id }

    static func list(streams reply: Reply, sources: [String: ServiceName]) throws(RedisError) -> [Entry] {
        var entries: [Entry] = []
        for stream in try reply.asArray() {
            let parts = try stream.asArray()
            guard parts.count == 2, let source = sources[try parts[0].asText()] else { throw .unexpected("expected a stream") }
            entries += try list(entries: parts[1], source: source)
        }
        return entries
    }

    static func list(entries reply: Reply, source: ServiceName) throws(RedisError) -> [Entry] {
        var entries: [Entry] = []
        for entry in try reply.asArray() {
            let parts = try entry.asArray()
            guard parts.count == 2 else { throw .unexpected("expected an entry") }
            let id = try parts[0].asText()
            if case .null = parts[1] {
                entries.append(Entry(source: source, id: id, raw: nil, event: .failure(.missing("eventType"))))
            } else {
                entries.append(Entry(source: source, id: id, pairs: try parts[1].asPairs()))
            }
        }
        return entries
    }

    private init(source: ServiceName, id: String, raw: [Command.Argument]?, event: Result<Event, MalformedEvent>) {
        self.source = source
        self.id = id
        self.raw = raw
        self.event = event
    }

    private init(source: ServiceName, id: String, pairs: [(name: Reply, value: Reply)]) {
        let words = pairs.flatMap { [$0.name, $0.value] }.map { word -> Command.Argument in
            if case .bytes(let bytes) = word { .bytes(bytes) } else { .text((try? word.asText()) ?? "") }
        }
        self.init(source: source, id: id, raw: words, event: Self.event(in: pairs))
    }

    /// Reads fields as they came; a name that comes twice, or bytes that are no UTF-8, make them no event.
    static func event(in pairs: [(name: Reply, value: Reply)]) -> Result<Event, MalformedEvent> {
        var fields: [String: String] = [:]
        for (name, value) in pairs {
            guard case .text(let name) = name else { return .failure(.invalid("(a name that is not UTF-8)")) }
            guard case .text(let value) = value, fields.updateValue(value, forKey: name) == nil else {
                return .failure(.invalid(name))
            }
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
