import Redis
import ServiceLifecycle

/// Retries writes that Redis refuses while the consumer's connections are open, and reports them.
struct WriteRetry {
    let partition: String
    let connections: ConsumerConnections
    let refusals: RefusedWrites

    /// Before a write is tried again.
    /// - Throws: if the connection is lost or the process stops; then the entries stay pending.
    func pause(attempt: Int) async throws(RedisError) {
        guard connections.areActive, !Task.isCancelled else { throw .outcomeUnknown("the connection closed") }
        guard !Task.isShuttingDownGracefully else { throw .unreachable("the process stops") }
        await Self.sleep(Backoff.pause(attempt: attempt, from: .milliseconds(20), to: .milliseconds(500)))
    }

    /// Repeats a write that Redis refuses until it is accepted.
    func untilAccepted<Value: Sendable>(
        _ write: String, _ body: () async throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        var attempt = 0
        while true {
            if let value = try await unlessRefused(write, body) { return value }
            attempt += 1
            try await pause(attempt: attempt)
        }
    }

    /// The value of a write; `nil` if Redis refuses it.
    func unlessRefused<Value: Sendable>(
        _ write: String, _ body: () async throws(RedisError) -> Value
    ) async throws(RedisError) -> Value? {
        do throws(RedisError) {
            let value = try await body()
            accepted(write)
            return value
        } catch {
            guard let cause = error.refusal else { throw error }
            refused(write, cause: cause)
            return nil
        }
    }

    func accepted(_ write: String) { refusals.accepted(place(write)) }

    func refused(_ write: String, cause: String) { refusals.refused(place(write), cause: cause) }

    private func place(_ write: String) -> String { "\(write), partition \(partition)" }

    private static func sleep(_ duration: Duration) async {
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) }
    }
}
