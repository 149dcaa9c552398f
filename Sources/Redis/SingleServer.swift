import NIOCore

/// One server at a time: the one at an address, or the primary that Sentinels know.
final class SingleServer: Topology {
    private let endpoint: RedisEndpoint
    private let pool: ConnectionPool
    private let commandTimeout: TimeAmount
    private let retryTimeout: TimeAmount
    private let least: TimeAmount
    private let sentinels: Sentinels?

    init(_ endpoint: RedisEndpoint, options: RedisOptions) {
        let tls = Result { () throws(RedisEndpoint.InvalidURL) in try RedisTLS(endpoint) }
        self.endpoint = endpoint
        commandTimeout = options.commandTimeout
        least = RedisConnection.leastTime(of: options.commandTimeout)
        retryTimeout = options.retryTimeout(of: endpoint.topology)
        sentinels = nil
        pool = ConnectionPool(to: endpoint, longestPause: ConnectionSlot.longestPause) {
            RedisConnection.connect(to: endpoint, tls: tls, options: options, on: $0)
        }
    }

    init(_ sentinels: Sentinels, options: RedisOptions) {
        endpoint = sentinels.endpoint
        commandTimeout = options.commandTimeout
        least = RedisConnection.leastTime(of: options.commandTimeout)
        retryTimeout = options.retryTimeout(of: endpoint.topology)
        self.sentinels = sentinels
        pool = ConnectionPool(to: sentinels.endpoint, longestPause: ConnectionSlot.failoverPause) { sentinels.connect(on: $0) }
    }

    func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        sentinels?.askAgainIfDue()
        let end = NIODeadline.now() + retryTimeout
        var attempt = 0
        do throws(RedisError) {
            while true {
                let connection = try await pool.connection(before: end)
                guard NIODeadline.now() + least < end else { throw .unreachable("\(endpoint): connected too late") }
                let results = await connection.send(commands, deadline: min(.now() + commandTimeout, end))
                // Not applied, and the cause is transient: retry until the end.
                guard results.allSatisfy(deservesAnotherTry) else { return results }
                attempt += 1
                let pause = Backoff.pause(attempt: attempt, from: .milliseconds(5), to: .milliseconds(100))
                guard NIODeadline.now() + TimeAmount(pause) + least < end, !Task.isCancelled else { return results }
                try? await Task.sleep(for: pause)
            }
        } catch {
            return commands.map { _ in .failure(error) }
        }
    }

    /// Closed before it was sent, or TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN, BUSY; of Sentinels also READONLY: the
    /// connection is closed, and the next one goes to the new primary.
    private func deservesAnotherTry(_ result: Result<Reply, RedisError>) -> Bool {
        switch result {
        case .failure(.unreachable), .failure(.busy): true
        case .failure(.readOnly): sentinels != nil
        default: false
        }
    }

    func dedicatedConnection(for key: String) async throws(RedisError) -> RedisConnection { try await pool.dedicated() }

    func sendToEachPrimary(_ command: Command) async -> [(address: String, reply: Result<Reply, RedisError>)] {
        [(endpoint.description, await sendOnce([command])[0])]
    }

    func close() {
        pool.close()
        sentinels?.close()
    }
}
