import NIOCore
import Synchronization

/// Commands of one caller, who waits until they have results.
final class PendingCall: Sendable {
    typealias Results = [Result<Reply, RedisError>]
    let commands: [Command]
    let size: Int
    let deadline: NIODeadline
    private let continuation: Mutex<CheckedContinuation<Results, Never>?>

    init(_ commands: [Command], deadline: NIODeadline, _ continuation: CheckedContinuation<Results, Never>) {
        self.commands = commands
        self.deadline = deadline
        size = commands.reduce(0) { $0 + $1.encodedSize }
        self.continuation = Mutex(continuation)
    }

    /// The first results count.
    func end(_ results: Results) {
        let continuation = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        continuation?.resume(returning: results)
    }

    func end(_ error: RedisError) { end(commands.map { _ in .failure(error) }) }
}
