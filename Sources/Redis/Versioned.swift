/// What a node says, and since which failover: of nodes that disagree, the one with the highest epoch is right.
struct Versioned<Value: Sendable>: Sendable {
    let value: Value
    let epoch: Int

    /// The newest answer of most of the nodes: one that was cut off from the others has an earlier one. One that hangs is not
    /// waited for.
    /// - Parameter known: the epoch of what is known. Less than most of the nodes can't take that back.
    static func newest<Node: Sendable>(
        of nodes: [Node], since known: Int, ask: @escaping @Sendable (Node) async -> Result<Versioned, RedisError>
    ) async -> Result<Versioned, RedisError> {
        let (answers, continuation) = AsyncStream.makeStream(of: Result<Versioned, RedisError>.self)
        for node in nodes { Task { continuation.yield(await ask(node)) } }
        var newest: Versioned?
        var failure = RedisError.unreachable("no node answers")
        var (count, good) = (0, 0)
        for await result in answers {
            count += 1
            switch result {
            case .success(let answer):
                good += 1
                if newest.map({ answer.epoch > $0.epoch }) ?? true { newest = answer }
            case .failure(let error): failure = error
            }
            if count == nodes.count || good > nodes.count / 2 { break }
        }
        guard let newest else { return .failure(failure) }
        if newest.epoch < known, good <= nodes.count / 2 { return .failure(.unreachable("only nodes that are behind answer")) }
        return .success(newest)
    }
}
