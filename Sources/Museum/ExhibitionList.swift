import Chassis
import Contracts
import Redis
import Scripts

/// Which exhibitions are asked for.
struct ExhibitionFilter: Sendable {
    /// First and last day, both inclusive; `nil` for no bound.
    var from: String?
    var to: String?
    var hall: String?
    var statuses: [ExhibitionStatus] = [.open, .closed]
}

/// Exhibitions by date, time and id over all partitions, read from the indexes.
struct ExhibitionList: Sendable {
    let client: any RedisSender

    private struct Place: Comparable {
        let slot: Int
        let id: String

        static func < (left: Place, right: Place) -> Bool { (left.slot, left.id) < (right.slot, right.id) }
    }

    func page(_ request: PageRequest, _ filter: ExhibitionFilter, partitions: [String]) async throws(Failure) -> Page<Exhibition>
    {
        let after = try request.position.map { words throws(Failure) in
            guard words.count == 2, let slot = Int(words[0]) else { throw Cursor.invalid }
            return Place(slot: slot, id: words[1])
        }
        do throws(RedisError) {
            return try await read(request.size, after: after, filter, partitions: partitions)
        } catch {
            throw Failure(reading: error)
        }
    }

    private func read(
        _ size: Int, after: Place?, _ filter: ExhibitionFilter, partitions: [String]
    ) async throws(RedisError) -> Page<
        Exhibition
    > {
        let from = filter.from.flatMap { Int($0.filter(\.isNumber)) }.map { $0 * 10_000 } ?? 0
        let to = filter.to.flatMap { Int($0.filter(\.isNumber)) }.map { $0 * 10_000 + 2359 } ?? .max

        // From each index as many as the whole page needs, and one to know whether there is more.
        var places: [Place] = []
        for partition in partitions {
            let keys = Keys(partition: partition)
            if filter.statuses != [.deleted] {
                places += try await read(keys.exhibitions, after: after, from: from, count: size + 1)
            }
            if filter.statuses.contains(.deleted) {
                places += try await read(keys.deletedExhibitions, after: after, from: from, count: size + 1)
            }
        }
        places = places.filter { $0.slot <= to }.sorted()
        let part = places.prefix(size)
        let exhibitions = try await load(part.compactMap { ExhibitionID($0.id) }).filter { exhibition in
            filter.statuses.contains(exhibition.status) && (filter.hall == nil || filter.hall == exhibition.plan.hall)
        }
        let next = places.count > size ? part.last.map { [String($0.slot), $0.id] } : nil
        return Page(elements: exhibitions, next: next)
    }

    /// Places of one index after the given one, in order. Slots are minutes' width; those of one minute are told apart by id.
    private func read(_ key: String, after: Place?, from: Int, count: Int) async throws(RedisError) -> [Place] {
        var start = try await client.send("ZCOUNT", key, "-inf", "(\(max(from, after?.slot ?? 0))").asInteger()
        if let after, let rank = try? await client.send("ZRANK", key, after.id).asInteger() { start = max(start, rank + 1) }
        var found: [Place] = []
        while found.count < count {
            let texts = try await client.send("ZRANGE", key, String(start), String(start + count - 1), "WITHSCORES").asTexts()
            for index in stride(from: 0, to: texts.count, by: 2) {
                let place = Place(slot: Int(texts[index + 1]) ?? 0, id: texts[index])
                if after.map({ place > $0 }) ?? true { found.append(place) }
            }
            guard texts.count == 2 * count else { break }
            start += count
        }
        return Array(found.prefix(count))
    }

    private func load(_ ids: [ExhibitionID]) async throws(RedisError) -> [Exhibition] {
        let results = await client.send(ids.map { Command("HGETALL", Keys(partition: $0.partition).exhibition($0.text)) })
        var exhibitions: [Exhibition] = []
        for (id, result) in zip(ids, results) {
            let reply = try result.get()
            if try !reply.asArray().isEmpty { exhibitions.append(try Exhibition(id: id, reply: reply)) }
        }
        return exhibitions
    }
}
