public import Contracts
public import Redis
import Scripts

/// Reads a service's own stream by ids, apart from all consumer groups.
public struct EventReader: Sendable {
    private let redis: any RedisSender
    private let service: ServiceName
    private let partition: String

    public init(_ redis: any RedisSender, service: ServiceName, partition: String) {
        self.redis = redis
        self.service = service
        self.partition = partition
    }

    /// The next entries, at most `count`, and of those the events of these types. What is no event is passed over.
    /// - Parameters:
    ///   - id: they come after it.
    ///   - last: the highest id.
    /// - Returns: `next`: the id of the last entry that was read; `nil` if there was none.
    public func page(
        after id: StreamID, through last: StreamID, count: Int, types: Set<EventType>
    ) async throws(RedisError) -> (events: [Event], next: StreamID?) {
        let stream = Keys(partition: partition).events(of: service.rawValue)
        let reply = try await redis.send("XRANGE", stream, "(" + id.text, last.text, "COUNT", String(count))
        let entries = try Entry.list(entries: reply, source: service, relevant: types)
        let events = entries.compactMap { entry in
            if case .event(let event) = entry.content { event } else { nil }
        }
        return (events, entries.last.flatMap { StreamID($0.id) })
    }
}
