import Contracts
import HTTPServer
import Messaging
import Redis
import Scripts

/// The services and the streams between them, as one look shows them.
struct Overview: Sendable {
    struct Group {
        let name: String
        /// Events that it has not been given.
        let lag: Int
        /// Events that it has been given and has not applied.
        let pending: Int
        let deadLetters: Int
    }

    struct Stream {
        let service: String
        let partition: String
        /// Events that have ever been written.
        let written: Int
        let groups: [Group]
    }

    /// Of a group in a partition; more are not counted.
    private static let deadLettersCounted = 1000

    let services: [ServiceHealth]
    let streams: [Stream]

    /// - Parameter health: which services are ready.
    static func read(_ session: OperatorSession, health: [ServiceHealth]) async throws(RedisError) -> Overview {
        var streams: [Stream] = []
        for partition in session.partitions {
            let dead = try await deadLetters(in: partition, session)
            for source in ServiceName.allCases where !source.subscribers.isEmpty {
                if let stream = try await stream(of: source, in: partition, dead, session) { streams.append(stream) }
            }
        }
        return Overview(services: health, streams: streams)
    }

    /// - Parameter dead: how many dead letters each group has of each service's events.
    /// - Returns: `nil` for a stream that is not there yet.
    private static func stream(
        of source: ServiceName, in partition: String, _ dead: [ServiceName: [String: Int]], _ session: OperatorSession
    ) async throws(RedisError) -> Stream? {
        let name = Keys(partition: partition).events(of: source.rawValue)
        let known = await session.redis.send([Command("XINFO", "STREAM", name), Command("XINFO", "GROUPS", name)])
        if case .failure(.server(let message)) = known[0], message.contains("no such key") { return nil }
        let state = try fields(of: try known[0].get())
        var standing: [String: [String: Reply]] = [:]
        for reply in try known[1].get().asArray() {
            let fields = try fields(of: reply)
            if let name = fields["name"] { standing[try name.asText()] = fields }
        }
        var groups: [Group] = []
        for group in source.subscribers {
            let subscription = Subscription(partition: partition, group: group, source: source)
            let fields = standing[group.rawValue] ?? [:]
            groups.append(
                Group(
                    name: group.rawValue, lag: try await lag(of: subscription, fields, session),
                    pending: try fields["pending"]?.asInteger() ?? 0, deadLetters: dead[group]?[source.rawValue] ?? 0))
        }
        return Stream(
            service: source.rawValue, partition: partition, written: try state["entries-added"]?.asInteger() ?? 0, groups: groups)
    }

    private static func lag(
        of subscription: Subscription, _ fields: [String: Reply], _ session: OperatorSession
    ) async throws(RedisError) -> Int {
        if let known = fields["lag"], known != .null { return try known.asInteger() }
        // Redis does not know it where entries in the middle of the stream were removed, or the group is gone.
        let delivered = try fields["last-delivered-id"]?.asText()
        let progress = try await session.progress(of: subscription)
        return try await session.count(
            in: subscription.stream, after: delivered.flatMap(StreamID.init) ?? progress,
            through: try await session.end(of: subscription.stream))
    }

    private static func deadLetters(
        in partition: String, _ session: OperatorSession
    ) async throws(RedisError) -> [ServiceName: [String: Int]] {
        var counts: [ServiceName: [String: Int]] = [:]
        for group in ServiceName.allCases {
            let letters = DeadLetters(of: group, in: partition, store: session.store(of: group))
            let end = try await letters.last()
            var after = StreamID.zero
            var read = 0
            while read < deadLettersCounted {
                let page = try await letters.page(after: after, through: end)
                guard let last = page.last else { break }
                for letter in page { counts[group, default: [:]][letter.service, default: 0] += 1 }
                read += page.count
                after = last.id
            }
        }
        return counts
    }

    private static func fields(of reply: Reply) throws(RedisError) -> [String: Reply] {
        var fields: [String: Reply] = [:]
        for (name, value) in try reply.asPairs() { fields[try name.asText()] = value }
        return fields
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.objects("services", services) { writer, service in
                writer.member("service", service.service)
                writer.objects("instances", service.instances) { writer, instance in
                    writer.member("address", instance.address)
                    writer.member("isReady", instance.isReady)
                }
                writer.member("circuit", service.circuit)
            }
            writer.objects("streams", streams) { writer, stream in
                writer.member("service", stream.service)
                writer.member("partition", stream.partition)
                writer.member("written", stream.written)
                writer.objects("groups", stream.groups) { writer, group in
                    writer.member("group", group.name)
                    writer.member("lag", group.lag)
                    writer.member("pending", group.pending)
                    writer.member("deadLetters", group.deadLetters)
                }
            }
        }
    }
}

/// Whether a service's processes are ready, as the gateway sees it.
package struct ServiceHealth: Sendable {
    package struct Instance: Sendable {
        let address: String
        let isReady: Bool

        package init(address: String, isReady: Bool) {
            self.address = address
            self.isReady = isReady
        }
    }

    let service: String
    let instances: [Instance]
    /// The state of the circuit breaker in front of Museum, `closed`, `half-open` or `open`; where the service has one.
    let circuit: String?

    package init(service: String, instances: [Instance], circuit: String? = nil) {
        self.service = service
        self.instances = instances
        self.circuit = circuit
    }
}
