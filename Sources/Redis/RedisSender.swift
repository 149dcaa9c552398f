/// Whatever takes commands and returns the reply to each: a single connection, or a client that keeps several.
public protocol RedisSender: Sendable {
    /// Sends the commands in one go and returns the replies, in order. Scripts are taken as known to the server. In a cluster a
    /// command that is sent again, because its slot has moved, may be applied after those behind it.
    func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>]
}

extension RedisSender {
    /// Sends the commands in one go and returns the replies, in order; a script that the server doesn't know is sent whole.
    public func send(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        if commands.isEmpty { return [] }
        var results = await sendOnce(commands)
        let unknown = results.indices.filter { results[$0].isUnknownScript && commands[$0].evalFallback != nil }
        guard !unknown.isEmpty else { return results }
        let whole = unknown.compactMap { commands[$0].evalFallback }
        for (index, result) in zip(unknown, await sendOnce(whole)) { results[index] = result }
        return results
    }

    /// Sends one command.
    public func send(_ command: Command) async throws(RedisError) -> Reply {
        try await send([command])[0].get()
    }

    /// Sends one command of these arguments.
    public func send(_ arguments: String...) async throws(RedisError) -> Reply {
        try await send(Command(arguments))
    }
}

extension Result<Reply, RedisError> {
    var isUnknownScript: Bool { if case .failure(.noScript) = self { true } else { false } }
}
