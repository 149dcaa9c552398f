import Contracts
import Redis
import Scripts

/// A room's own stream in one partition, as its owner sees it: who has heard how much of it, and what may go.
struct OwnStream: Sendable {
    let room: Room
    let partition: String
    let redis: any RedisSender

    /// Most entries that one XTRIM takes out, so that nobody waits long for it.
    static let trimLimit = 1000

    private var keys: Keys { Keys(partition: partition) }
    private var stream: String { keys.events(of: room.rawValue) }

    /// Up to where each subscriber in the table has applied all. Who has written down nothing yet has applied nothing.
    func progress() async throws(RedisError) -> [(group: Room, applied: StreamID)] {
        let groups = room.heardBy
        let results = await redis.send(groups.map { Command("GET", keys.progress(of: $0.rawValue, on: room.rawValue)) })
        var progress: [(group: Room, applied: StreamID)] = []
        for (group, result) in zip(groups, results) {
            let text = try result.get().asOptionalText()
            progress.append((group, text.flatMap(StreamID.init) ?? .zero))
        }
        return progress
    }

    /// The first entry that comes after `id`.
    func first(after id: StreamID) async throws(RedisError) -> StreamID? {
        let reply = try await redis.send("XRANGE", stream, "(" + id.text, "+", "COUNT", "1").asArray()
        guard let entry = reply.first else { return nil }
        guard let id = StreamID(try (try entry.asArray().first ?? .null).asText()) else { throw .unexpected("an id was due") }
        return id
    }

    /// Takes out entries below `id` in bounded steps. A few may stay: Redis lets go of whole blocks of about a hundred.
    /// - Returns: how many are gone.
    func trim(below id: StreamID) async throws(RedisError) -> Int {
        var count = 0
        while !Task.isCancelled {
            let gone = try await redis.send("XTRIM", stream, "MINID", "~", id.text, "LIMIT", String(Self.trimLimit)).asInteger()
            if gone == 0 { break }
            count += gone
        }
        return count
    }
}
