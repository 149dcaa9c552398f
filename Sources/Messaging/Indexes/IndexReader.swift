public import Contracts
public import Redis

/// Reads lists that are kept in sorted sets by time, newest first; of elements of the same moment the last by name first.
///
/// What stays in a list from its first page to its last is listed exactly once, in order, whatever else is added or removed
/// between the pages (docs/decisions/0021). The number of exchanges with Redis does not depend on the number of partitions.
public struct IndexReader: Sendable {
    private let client: any RedisSender

    public init(_ client: any RedisSender) { self.client = client }

    /// A page of several sorted sets as one list.
    public func newest(_ request: PageRequest, in keys: [String]) async throws(Failure) -> Page<String> {
        var start: IndexCursor?
        if let words = request.position {
            guard let cursor = IndexCursor(words) else { throw .invalidCursor }
            start = cursor
        }
        var scans = keys.map { IndexScan($0, .descending, after: start, count: request.size + 1) }
        do throws(RedisError) {
            try await finish(&scans)
        } catch {
            throw Failure(reading: error)
        }
        let found = scans.flatMap(\.found).sorted(by: >)
        let page = Array(found.prefix(request.size))
        let next = found.count > request.size ? IndexCursor(endOf: page, after: start) : nil
        return Page(elements: page.map(\.member), next: next?.words)
    }

    /// A page of all owners' elements: partition by partition, owner by owner.
    /// - Parameters:
    ///   - owners: the key of a partition's owners, a sorted set in which all scores are equal.
    ///   - elements: the key of an owner's elements.
    public func byOwner(
        _ request: PageRequest, partitions: [String], owners: @escaping @Sendable (_ partition: String) -> String,
        elements: @escaping @Sendable (_ partition: String, _ owner: String) -> String
    ) async throws(Failure) -> Page<String> {
        var start: OwnedPlace?
        if let words = request.position {
            guard let place = OwnedPlace(words) else { throw .invalidCursor }
            start = place
        }
        var walk = OwnerWalk(partitions: partitions, after: start, batch: request.size + 1, owners: owners, elements: elements)
        do throws(RedisError) {
            try await walk.run(client, self)
        } catch {
            throw Failure(reading: error)
        }
        let page = Array(walk.found.prefix(request.size))
        let next = walk.found.count > request.size ? OwnedPlace(endOf: page, after: start) : nil
        return Page(elements: page.map(\.position.member), next: next?.words)
    }

    /// A page of one owner's elements, newest first; without an owner, of all owners' elements.
    public func page(
        _ request: PageRequest, of owner: (partition: String, name: String)?, partitions: [String],
        owners: @escaping @Sendable (_ partition: String) -> String,
        elements: @escaping @Sendable (_ partition: String, _ owner: String) -> String
    ) async throws(Failure) -> Page<String> {
        if let owner { return try await newest(request, in: [elements(owner.partition, owner.name)]) }
        return try await byOwner(request, partitions: partitions, owners: owners, elements: elements)
    }

    /// Reads until all are done, all of them in one exchange each time.
    func finish(_ scans: inout [IndexScan]) async throws(RedisError) {
        while true {
            let open = scans.indices.filter { !scans[$0].isDone }
            if open.isEmpty { return }
            let replies = await client.send(open.map { scans[$0].command })
            for (index, reply) in zip(open, replies) { try scans[index].take(reply.get()) }
        }
    }
}

extension Partition {
    /// The order of partitions in lists: `a` … `z`, `aa` …
    static func precedes(_ left: String, _ right: String) -> Bool { (left.utf8.count, left) < (right.utf8.count, right) }
}
