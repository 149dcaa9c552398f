import NIOCore

/// What a Redis URL names: one server, the primary that Sentinels know, or a cluster. Keeps connections to it.
public final class RedisClient: RedisSender {
    public let endpoint: RedisEndpoint
    /// How long commands that were not applied are tried again.
    let retryTimeout: Duration
    private let topology: any Topology

    /// Reads the endpoint's files; where one can't be used, commands fail with the reason.
    public init(_ endpoint: RedisEndpoint, options: RedisOptions = RedisOptions()) {
        self.endpoint = endpoint
        retryTimeout = Duration(options.retryTimeout(of: endpoint.topology))
        topology =
            switch endpoint.topology {
            case .server: SingleServer(endpoint, options: options)
            case .sentinel(let primary): SingleServer(Sentinels(endpoint, primary: primary, options: options), options: options)
            case .cluster: Cluster(endpoint, options: options)
            }
    }

    public func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        if commands.isEmpty { return [] }
        return await topology.sendOnce(commands)
    }

    /// A connection of its own to the primary that has the key, for reads that block. The caller closes it.
    /// - Throws: ``RedisError/unreachable(_:)`` within a second, or the server's refusal of the credentials.
    public func dedicatedConnection(for key: String) async throws(RedisError) -> RedisConnection {
        try await topology.dedicatedConnection(for: key)
    }

    /// Sends a command or a script without a key to every primary: in a cluster there are several.
    /// - Returns: each one's address and reply; one failure without a primary's address if none is known.
    public func sendToEachPrimary(_ command: Command) async -> [(address: String, reply: Result<Reply, RedisError>)] {
        let replies = await topology.sendToEachPrimary(command)
        guard let whole = command.evalFallback, replies.contains(where: { $0.reply.isUnknownScript }) else { return replies }
        return await topology.sendToEachPrimary(whole)
    }

    /// Closes every connection. A later command opens them again.
    public func close() { topology.close() }
}

/// Where a client's commands go.
protocol Topology: Sendable {
    /// - Parameter commands: at least one.
    func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>]
    func dedicatedConnection(for key: String) async throws(RedisError) -> RedisConnection
    func sendToEachPrimary(_ command: Command) async -> [(address: String, reply: Result<Reply, RedisError>)]
    func close()
}
