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
        do throws(RedisError) {
            return try await read(request, partitions: partitions, owners: owners, only: only, members: members)
        } catch {
            throw Failure(reading: error)
        }
    }

    private func read(
        _ request: PageRequest, partitions: [String], owners: (String) -> String, only: String?,
        members: (String, String) -> String
    ) async throws(RedisError) -> Page<String> {
        var place = Place(request.position)
        var found: [String] = []
        for partition in partitions {
            if let start = place, start.partition != partition { continue }
            var owner = place?.owner
            if owner == nil { owner = try await next(after: nil, in: owners(partition), only: only) }
            while let current = owner {
                let wanted = request.size - found.count
                let part = try await newest(wanted, of: members(partition, current), after: place)
                place = nil
                found += part.map(\.member)
                if found.count == request.size, let last = part.last {
                    let end = Place(partition: partition, owner: current, score: last.score, member: last.member)
                    return Page(elements: found, next: end.words)
                }
                owner = try await next(after: current, in: owners(partition), only: only)
            }
        }
        return Page(elements: found, next: nil)
    }

    private func next(after owner: String?, in key: String, only: String?) async throws(RedisError) -> String? {
        if let only { return owner == nil ? only : nil }
        let from = owner.map { "(" + $0 } ?? "-"
        return try await client.send("ZRANGE", key, from, "+", "BYLEX", "LIMIT", "0", "1").asTexts().first
    }

    /// Up to `count` members, newest first, and of those made at the same moment the last by name first.
    private func newest(
        _ count: Int, of key: String, after place: Place?
    ) async throws(RedisError) -> [(member: String, score: String)] {
        var start = 0
        if let place {
            // Where the last page ended; if its last member is gone by now, at what is older than that.
            if case .integer(let rank) = try await client.send("ZREVRANK", key, place.member) {
                start = Int(rank) + 1
            } else {
                start = try await client.send("ZCOUNT", key, "(" + place.score, "+inf").asInteger()
            }
        }
        let texts = try await client.send(
            "ZRANGE", key, String(start), String(start + count - 1), "REV", "WITHSCORES"
        ).asTexts()
        return stride(from: 0, to: texts.count, by: 2).map { (texts[$0], texts[$0 + 1]) }
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

        /// `nil` for the start, and for words that name no place: those start anew.
        init?(_ words: [String]?) {
            guard let words, words.count == 4, Double(words[2]) != nil else { return nil }
            self.init(partition: words[0], owner: words[1], score: words[2], member: words[3])
        }

        var words: [String] { [partition, owner, score, member] }
    }
}
