package import Contracts
import HTTPServer
package import Messaging
package import Redis
import Scripts

/// Events of several streams as one log, in the order of their ids.
package struct EventLog {
    package struct Entry {
        package let service: ServiceName
        package let partition: String
        package let id: StreamID
        /// Names and values in their order; bytes that are no UTF-8 are shown as replacement characters.
        package let fields: [(name: String, value: String)]

        package func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }

        package init(service: ServiceName, partition: String, id: StreamID, fields: [(name: String, value: String)]) {
            self.service = service
            self.partition = partition
            self.id = id
            self.fields = fields
        }

        /// As one line of JSON.
        package var json: String {
            var writer = JSONWriter()
            writer.object { writeMembers(&$0) }
            return writer.text
        }

        func writeMembers(_ writer: inout JSONWriter) {
            writer.member("id", id.text)
            writer.member("service", service.rawValue)
            writer.member("partition", partition)
            for field in fields { writer.member(named: field.name, field.value) }
        }
    }

    private struct Source {
        let service: ServiceName
        let partition: String
        var after: StreamID
        var isAtEnd = false

        var stream: String { Keys(partition: partition).events(of: service.rawValue) }
    }

    private let redis: RedisClient
    private var sources: [Source]
    private var merge: EventMerge

    /// - Parameter from: the first id to show.
    package init(
        _ session: OperatorSession, services: [ServiceName] = [.museum, .book, .confirm], partitions: [String]? = nil,
        from: StreamID = .zero
    ) {
        redis = session.redis
        sources = (partitions ?? session.partitions).flatMap { partition in
            services.map { Source(service: $0, partition: partition, after: from.previous) }
        }
        merge = EventMerge(queues: sources.count)
    }

    /// The next event, or `nil` at the end of all streams.
    package mutating func next() async throws(RedisError) -> Entry? {
        for index in sources.indices where merge.isEmpty(index) && !sources[index].isAtEnd {
            try await fill(index)
        }
        return merge.popFirst()
    }

    /// Reads on in streams whose end was reached.
    package mutating func resume() {
        for index in sources.indices { sources[index].isAtEnd = false }
    }

    private mutating func fill(_ index: Int) async throws(RedisError) {
        let source = sources[index]
        let reply = try await redis.send("XRANGE", source.stream, "(" + source.after.text, "+", "COUNT", "500").asArray()
        var entries: [Entry] = []
        for entry in reply {
            let parts = try entry.asArray()
            guard parts.count == 2, let id = StreamID(try parts[0].asText()) else { throw .unexpected("an entry was expected") }
            let fields = try parts[1].asPairs().map { ($0.name.shown, $0.value.shown) }
            entries.append(Entry(service: source.service, partition: source.partition, id: id, fields: fields))
        }
        merge.append(entries, to: index)
        sources[index].isAtEnd = entries.isEmpty
        if let last = entries.last { sources[index].after = last.id }
    }
}

extension Reply {
    /// For output.
    package var shown: String {
        switch self {
        case .text(let text), .error(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer(let number): String(number)
        case .null: ""
        case .array(let elements): elements.map(\.shown).joined(separator: " ")
        }
    }
}
