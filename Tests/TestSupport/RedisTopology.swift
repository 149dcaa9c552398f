import Foundation
public import Redis

/// What a deployment uses as its Redis: one server, a primary with replicas and sentinels, or a cluster.
public protocol RedisTopology: Sendable {
    /// Every process that keeps data.
    var servers: [RedisServer] { get }

    /// What `REDIS_URL` says.
    /// - Parameter user: one of the project's users, whose passwords are their names; `nil`: the default user.
    func url(of user: String?) -> String

    /// A client of its own, as the program has it.
    func client(_ options: RedisOptions) throws -> RedisClient

    /// Starts every process that does not run, and waits until it replies.
    func launch() async throws

    /// Sends a signal to every process.
    func signal(_ number: Int32)

    /// SIGKILL of every process.
    func kill()
}

extension RedisTopology {
    public var url: String { url(of: nil) }

    public func client() throws -> RedisClient { try client(RedisOptions()) }

    public func client(_ options: RedisOptions) throws -> RedisClient {
        RedisClient(try RedisEndpoint(url: url), options: options)
    }

    /// Puts the servers before everything else on the machine, so that a command's time is its own work and not the wait for a
    /// core. Needs root; without it nothing changes.
    public func runFirst() { for server in servers { server.runFirst() } }

    static func credentials(of user: String?) -> String { user.map { "\($0):\($0)@" } ?? "" }
}

/// Several redis-servers that fail over to one another.
public protocol RedisGroup: RedisTopology {
    /// The server that accepts writes to a partition, as most of the others say at the moment.
    func primary(of partition: String) async throws -> RedisServer

    /// Starts a server again that was killed. It becomes a replica if another one has taken its place.
    func launch(_ server: RedisServer) async throws

    /// Makes a replica of the partition's primary take its place, without losing a write.
    func failOver(_ partition: String) async throws

    /// Waits until every process runs and each replica is up to date.
    func waitUntilHealthy(within limit: Duration) async throws

    /// Every process of the group: servers and sentinels.
    var nodes: [RedisServer] { get }
}

extension RedisGroup {
    public func signal(_ number: Int32) { for node in nodes { node.signal(number) } }

    /// Starts those that do not run, all at once: one that returned late would be replaced.
    func launchAll(_ nodes: [RedisServer]) async throws {
        try await withThrowingTaskGroup { group in
            for node in nodes where !node.isRunning { group.addTask { try await launch(node) } }
            try await group.waitForAll()
        }
    }

    public func kill() {
        signal(SIGKILL)
        for node in nodes { node.kill() }
    }
}
