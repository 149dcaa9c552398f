public import Redis
import Synchronization

/// Forwards commands to another sender, and keeps the last error reply with which Redis refused a write. ``Failure`` has no such
/// text, because it is sent to HTTP clients.
public final class RefusalRecorder: RedisSender {
    private let sender: any RedisSender
    private let last = Mutex<String?>(nil)

    public init(_ sender: any RedisSender) { self.sender = sender }

    public func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        let results = await sender.sendOnce(commands)
        for result in results {
            guard case .failure(let error) = result, let cause = error.refusal else { continue }
            last.withLock { $0 = cause }
        }
        return results
    }

    /// What Redis said with the last refusal; `nil` if there was none since the last call.
    public func takeRefusal() -> String? {
        last.withLock { last in
            defer { last = nil }
            return last
        }
    }
}
