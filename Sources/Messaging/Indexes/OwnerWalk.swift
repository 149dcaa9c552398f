import Contracts
import Redis

/// An element of an owner's list.
struct OwnedElement: Sendable {
    let partition: String
    let owner: String
    let position: IndexPosition
}

/// Where a page of all owners' elements ended.
struct OwnedPlace: Sendable {
    let partition: String
    let owner: String
    let cursor: IndexCursor

    /// Reads the words of a cursor; `nil` where they name no place.
    init?(_ words: [String]) {
        guard words.count == 5, let cursor = IndexCursor(words[2...]) else { return nil }
        (partition, owner, self.cursor) = (words[0], words[1], cursor)
    }

    init?(endOf page: [OwnedElement], after previous: OwnedPlace?) {
        guard let last = page.last else { return nil }
        let own = page.reversed().prefix { $0.partition == last.partition && $0.owner == last.owner }.reversed()
        let isSame = previous.map { $0.partition == last.partition && $0.owner == last.owner } ?? false
        guard let cursor = IndexCursor(endOf: own.map(\.position), after: isSame ? previous?.cursor : nil) else { return nil }
        (partition, owner, self.cursor) = (last.partition, last.owner, cursor)
    }

    var words: [String] { [partition, owner] + cursor.words }
}

/// Reads owners and their elements in order, until there are as many as are wanted.
struct OwnerWalk {
    private struct Owners {
        let partition: String
        /// The last that has been read.
        var after: String?
        var names: ArraySlice<String> = []
        var isAtEnd = false
    }

    private(set) var found: [OwnedElement] = []
    private let wanted: Int
    private var partitions: [Owners]
    private var start: OwnedPlace?
    private let owners: @Sendable (String) -> String
    private let elements: @Sendable (String, String) -> String

    init(
        partitions: [String], after start: OwnedPlace?, batch: Int, owners: @escaping @Sendable (String) -> String,
        elements: @escaping @Sendable (String, String) -> String
    ) {
        wanted = batch
        // The cursor's partition may be unknown to this process; its name still has a position in the order.
        self.partitions = partitions.filter { name in start.map { !Partition.precedes(name, $0.partition) } ?? true }
            .map { name in Owners(partition: name, after: start?.partition == name ? start?.owner : nil) }
        self.start = start.flatMap { start in partitions.contains(start.partition) ? start : nil }
        self.owners = owners
        self.elements = elements
    }

    mutating func run(_ client: any RedisSender, _ reader: IndexReader) async throws(RedisError) {
        try await readOwners(client, reader)
        while found.count < wanted {
            let candidates = nextOwners()
            if start != nil || candidates.isEmpty {
                if start == nil, partitions.allSatisfy(\.isAtEnd) { return }
                try await readOwners(client, reader)
                continue
            }
            // The sizes only decide how many owners to read; they may have changed since.
            let sizes = await client.send(candidates.map { Command("ZCARD", elements($0.partition, $0.name)) })
            var left = wanted - found.count
            var scans: [IndexScan] = []
            for (owner, size) in zip(candidates, sizes) where left > 0 {
                scans.append(IndexScan(elements(owner.partition, owner.name), .descending, after: nil, count: left))
                left -= try size.get().asInteger()
            }
            try await reader.finish(&scans)
            for (owner, scan) in zip(candidates, scans) {
                found += scan.found.map { OwnedElement(partition: owner.partition, owner: owner.name, position: $0) }
                consume(owner.partition)
                if scan.mayHaveMore, found.count < wanted {
                    // Others have fewer than they had: this one's next elements come before those of the next owner.
                    start = OwnedPlace(endOf: found, after: nil)
                    break
                }
            }
        }
    }

    /// Reads the next owners of each partition whose buffer is empty, and the rest of the elements of the owner at which the
    /// cursor stopped.
    private mutating func readOwners(_ client: any RedisSender, _ reader: IndexReader) async throws(RedisError) {
        let open = partitions.indices.filter { partitions[$0].names.isEmpty && !partitions[$0].isAtEnd }
        var commands = open.map { index in
            let after = partitions[index].after.map { "(" + $0 } ?? "-"
            return Command("ZRANGE", owners(partitions[index].partition), after, "+", "BYLEX", "LIMIT", "0", String(wanted))
        }
        var scans: [IndexScan] = []
        if let start {
            scans = [IndexScan(elements(start.partition, start.owner), .descending, after: start.cursor, count: wanted)]
            commands.append(scans[0].command)
        }
        let replies = await client.send(commands)
        for (index, reply) in zip(open, replies) {
            let names = try reply.get().asTexts()
            partitions[index].names = names[...]
            partitions[index].after = names.last ?? partitions[index].after
            partitions[index].isAtEnd = names.count < wanted
        }
        guard let start, let reply = replies.last else { return }
        try scans[0].take(reply.get())
        try await reader.finish(&scans)
        found += scans[0].found.map { OwnedElement(partition: start.partition, owner: start.owner, position: $0) }
        self.start = nil
    }

    /// Who comes next, as far as they are known without a gap: at most as many as elements are still wanted.
    private func nextOwners() -> [(partition: String, name: String)] {
        var next: [(partition: String, name: String)] = []
        for owners in partitions {
            next += owners.names.prefix(wanted - found.count - next.count).map { (owners.partition, $0) }
            if next.count >= wanted - found.count || !owners.isAtEnd { break }
        }
        return next
    }

    private mutating func consume(_ partition: String) {
        guard let index = partitions.firstIndex(where: { $0.partition == partition }) else { return }
        partitions[index].names = partitions[index].names.dropFirst()
    }
}
