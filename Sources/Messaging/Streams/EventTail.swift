public import Contracts
public import Redis
import Scripts

/// Reads what comes into a service's streams of all partitions, apart from all consumer groups: every process that reads so gets every
/// event.
public struct EventTail: Sendable {
    private let redis: any RedisSender
    private let service: ServiceName
    private let types: Set<EventType>
    private var positions: [String: StreamID] = [:]

    /// - Parameter types: the events that are asked for.
    public init(_ redis: any RedisSender, service: ServiceName, types: Set<EventType>) {
        self.redis = redis
        self.service = service
        self.types = types
    }

    /// The time of the newest entry that has been read, in milliseconds since 1970 by the clock of Redis; 0 before the first.
    public var newest: UInt64 { positions.values.map(\.milliseconds).max() ?? 0 }

    /// Begins at the streams' ends. Partitions that come into use later are read from their beginning.
    public mutating func begin(_ partitions: [String]) async throws(RedisError) {
        positions = [:]
        for partition in partitions { positions[partition] = try await redis.state(of: stream(partition)).last }
    }

    /// Begins at a time, in milliseconds since 1970.
    public mutating func begin(_ partitions: [String], at milliseconds: UInt64) {
        positions = Dictionary(
            partitions.map { ($0, StreamID(milliseconds: milliseconds, sequence: 0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// The next events, at most `count` of each partition.
    /// - Returns: `isBehind`: whether there may be more at once.
    public mutating func next(_ partitions: [String], count: Int) async throws(RedisError) -> (events: [Event], isBehind: Bool) {
        let results = await redis.send(
            partitions.map {
                Command("XRANGE", stream($0), "(" + (positions[$0] ?? .zero).text, "+", "COUNT", String(count))
            })
        var events: [Event] = []
        var isBehind = false
        for (partition, result) in zip(partitions, results) {
            let entries = try Entry.list(entries: try result.get(), source: service, relevant: types)
            for entry in entries { if case .event(let event) = entry.content { events.append(event) } }
            if let last = entries.last.flatMap({ StreamID($0.id) }) { positions[partition] = last }
            isBehind = isBehind || entries.count >= count
        }
        return (events, isBehind)
    }

    private func stream(_ partition: String) -> String { Keys(partition: partition).events(of: service.rawValue) }
}
