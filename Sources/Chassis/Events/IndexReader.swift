public import Contracts
public import Redis
import Scripts

/// Reads collections that are kept as two levels of sorted sets in each partition: owners (exhibitions or visitors),
/// and each owner's members by time, newest first.
public struct IndexReader: Sendable {
    private let client: any RedisSender

    public init(_ client: any RedisSender) { self.client = client }

    /// A page of one owner's members over the given partitions.
    /// - Parameters:
    ///   - partitions: those that may hold members, in order.
    ///   - owners: the key of the partition's owners; `nil` where ``only`` names the one there is.
    ///   - members: the key of an owner's members in a partition.
    public func page(
        _ request: PageRequest, partitions: [String], owners: (String) -> String, only: String?,
        members: (_ partition: String, _ owner: String) -> String
    ) async throws(Failure) -> Page<String> {
        let start = try request.position.map { words throws(Failure) in try Place(words, only: only) }
        do throws(RedisError) {
            return try await read(
                request.size, from: start, partitions: partitions, owners: owners, only: only, members: members)
        } catch {
            throw Failure(reading: error)
        }
    }

    private func read(
        _ size: Int, from start: Place?, partitions: [String], owners: (String) -> String, only: String?,
        members: (String, String) -> String
    ) async throws(RedisError) -> Page<String> {
        var found: [Place] = []
        for partition in partitions.drop(while: { start != nil && $0 != start?.partition }) {
            var last: String?
            if let start, start.partition == partition {
                found += try await newest(size, of: start.owner, at: members(partition, start.owner), after: start)
                last = start.owner
            }
            while found.count < size {
                let wanted = size - found.count
                let next = try await nextOwners(wanted, after: last, in: owners(partition), only: only)
                guard let end = next.last else { break }
                last = end
                found += try await newest(wanted, of: next, in: partition, members: members)
            }
            if found.count >= size { break }
        }
        return Page(elements: found.map(\.member), next: found.count < size ? nil : found.last?.words)
    }

    private func nextOwners(_ count: Int, after owner: String?, in key: String, only: String?) async throws(RedisError)
        -> [String]
    {
        if let only { return owner == nil ? [only] : [] }
        return try await client.send("ZRANGE", key, owner.map { "(" + $0 } ?? "-", "+", "BYLEX", "LIMIT", "0", String(count))
            .asTexts()
    }

    /// The first `count` members of several owners, in two exchanges: how many each has, then those that are needed.
    private func newest(
        _ count: Int, of owners: [String], in partition: String, members: (String, String) -> String
    ) async throws(RedisError) -> [Place] {
        var left = count
        var needed: [(owner: String, count: Int)] = []
        let sizes = await client.send(owners.map { Command("ZCARD", members(partition, $0)) })
        for (owner, size) in zip(owners, sizes) where left > 0 {
            let part = min(left, try size.get().asInteger())
            needed.append((owner, part))
            left -= part
        }
        let commands = needed.filter { $0.count > 0 }
        let replies = await client.send(commands.map { Self.range(members(partition, $0.owner), from: 0, count: $0.count) })
        var places: [Place] = []
        for ((owner, _), reply) in zip(commands, replies) {
            places += try Place.list(try reply.get(), partition: partition, owner: owner)
        }
        return places
    }

    /// Up to `count` members of one owner after the place where the last page ended; if its last member is gone by now,
    /// what is older than that.
    private func newest(_ count: Int, of owner: String, at key: String, after place: Place) async throws(RedisError) -> [Place] {
        let start: Int
        if case .integer(let rank) = try await client.send("ZREVRANK", key, place.member) {
            start = Int(rank) + 1
        } else {
            start = try await client.send("ZCOUNT", key, "(" + place.score, "+inf").asInteger()
        }
        return try Place.list(
            try await client.send(Self.range(key, from: start, count: count)), partition: place.partition, owner: owner)
    }

    /// Newest first, and of those made at the same moment the last by name first.
    private static func range(_ key: String, from start: Int, count: Int) -> Command {
        Command("ZRANGE", key, String(start), String(start + count - 1), "REV", "WITHSCORES")
    }

    /// Where a page ended.
    private struct Place {
        let partition: String
        let owner: String
        let score: String
        let member: String

        init(partition: String, owner: String, score: String, member: String) {
            self.partition = partition
            self.owner = owner
            self.score = score
            self.member = member
        }

        /// A place as a cursor tells it; only one of the owner that is asked for.
        init(_ words: [String], only: String?) throws(Failure) {
            guard words.count == 4, Int64(words[2]) != nil, only == nil || only == words[1] else { throw Cursor.invalid }
            self.init(partition: words[0], owner: words[1], score: words[2], member: words[3])
        }

        var words: [String] { [partition, owner, score, member] }

        static func list(_ reply: Reply, partition: String, owner: String) throws(RedisError) -> [Place] {
            let texts = try reply.asTexts()
            return stride(from: 0, to: texts.count, by: 2).map {
                Place(partition: partition, owner: owner, score: texts[$0 + 1], member: texts[$0])
            }
        }
    }
}
