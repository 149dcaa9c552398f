import Contracts
import Messaging
import Redis
import Scripts

/// Removes single events from the streams, a bounded step at a time. Only events that every group has applied may be removed.
extension OperatorSession {
    /// Where the streams of some services end at the moment.
    func ends(of services: [ServiceName], in partition: String) async throws -> [String: StreamID] {
        var ends: [String: StreamID] = [:]
        for service in services {
            let stream = Keys(partition: partition).events(of: service.rawValue)
            ends[stream] = try await redis.state(of: stream).last
        }
        return ends
    }

    /// Removes the events from each stream, up to its end as given, for which `isMeant` is true.
    /// - Returns: how many there were.
    func removeEvents(through ends: [String: StreamID], where isMeant: ([String: String]) -> Bool) async throws -> Int {
        var count = 0
        for (stream, end) in ends { count += try await remove(from: stream, on: redis, through: end.text, where: isMeant) }
        return count
    }

    /// The same for a partition's dead letters.
    func removeDeadLetters(in partition: String, where isMeant: ([String: String]) -> Bool) async throws -> Int {
        var count = 0
        for group in ServiceName.allCases {
            count += try await remove(
                from: Keys(partition: partition).deadLetters(of: group.rawValue), on: store(of: group), through: "+",
                where: isMeant)
        }
        return count
    }

    private func remove(
        from stream: String, on client: RedisClient, through end: String, where isMeant: ([String: String]) -> Bool
    ) async throws -> Int {
        var count = 0
        var start = "-"
        while true {
            let entries = try await client.send("XRANGE", stream, start, end, "COUNT", "500").asArray()
            var ids: [String] = []
            for entry in entries {
                let parts = try entry.asArray()
                guard parts.count == 2 else { throw RedisError.unexpected("an entry was expected") }
                let id = try parts[0].asText()
                start = "(" + id
                if isMeant(parts[1].shownFields) { ids.append(id) }
            }
            if !ids.isEmpty { _ = try await client.send(Command(["XDEL", stream] + ids)) }
            count += ids.count
            if entries.isEmpty { return count }
        }
    }
}
