import Contracts
import Redis
import Scripts

/// A service's own stream in one partition: the progress of its subscribers, and trimming.
struct EventStream: Sendable {
    let service: ServiceName
    let partition: String
    let redis: any RedisSender

    /// Most entries that one XTRIM takes out, so that nobody waits long for it.
    static let trimLimit = 1000
    /// Most entries that one read of a count returns.
    private static let countStep = 500

    private var keys: Keys { Keys(partition: partition) }
    var name: String { keys.events(of: service.rawValue) }
    private var progressKeys: [String] { service.subscribers.map { keys.progress(of: $0.rawValue, on: service.rawValue) } }

    /// Up to where each subscriber in the table has applied all, and the stream's last entry. A subscriber without a progress key
    /// has applied nothing.
    func state() async throws(RedisError) -> (progress: [(group: ServiceName, applied: StreamID)], last: StreamID?) {
        let results = await redis.send([
            Command(["MGET"] + progressKeys), Command("XREVRANGE", name, "+", "-", "COUNT", "1"),
        ])
        var progress: [(group: ServiceName, applied: StreamID)] = []
        for (group, reply) in zip(service.subscribers, try results[0].get().asArray()) {
            progress.append((group, try reply.asOptionalText().flatMap(StreamID.init) ?? .zero))
        }
        return (progress, try Self.firstId(try results[1].get()))
    }

    /// The first entry that comes after `id`.
    func first(after id: StreamID) async throws(RedisError) -> StreamID? {
        try Self.firstId(try await redis.send("XRANGE", name, "(" + id.text, "+", "COUNT", "1"))
    }

    /// How many entries come after `id`, counted in steps, up to `limit`.
    func count(after id: StreamID, limit: Int) async throws(RedisError) -> Int {
        var count = 0
        var last = id.text
        while count < limit {
            let step = min(Self.countStep, limit - count)
            let entries = try await redis.send("XRANGE", name, "(" + last, "+", "COUNT", String(step)).asArray()
            count += entries.count
            guard entries.count == step, let entry = entries.last else { break }
            last = try (try entry.asArray().first ?? .null).asText()
        }
        return count
    }

    private static func firstId(_ entries: Reply) throws(RedisError) -> StreamID? {
        guard let entry = try entries.asArray().first else { return nil }
        guard let id = StreamID(try (try entry.asArray().first ?? .null).asText()) else { throw .unexpected("expected an id") }
        return id
    }

    /// Takes out, in bounded steps, entries below `id` that every subscriber in the table has applied. Each step reads the
    /// progress again, so that it never trims past progress that was lowered meanwhile. A few may stay: Redis lets go of whole
    /// blocks of about a hundred.
    /// - Returns: how many are gone, and the id below which the last step removed.
    func trim(below id: StreamID) async throws(RedisError) -> (count: Int, bound: String) {
        let call = StreamTrim(
            in: keys, service: service.rawValue, subscribers: service.subscribers.map(\.rawValue), below: id.text,
            limit: Self.trimLimit)
        var count = 0
        var bound = StreamID.zero.text
        while !Task.isCancelled {
            let step = try await redis.run(call)
            bound = step.bound
            if step.count == 0 { break }
            count += step.count
        }
        return (count, bound)
    }
}
