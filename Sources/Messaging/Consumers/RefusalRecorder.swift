public import Redis
import Synchronization

/// Sends to another sender and keeps what Redis said when it refused a write. The errors of a store's port don't carry that
/// text, since they reach HTTP clients.
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
