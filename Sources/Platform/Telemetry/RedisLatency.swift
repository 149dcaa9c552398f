import Metrics
import Synchronization

/// How long Redis commands take, by command or script. The program sends a fixed set of them, so the label is bounded.
public final class RedisLatency: Sendable {
    private let timers = Mutex<[String: Timer]>([:])

    public init() {}

    /// - Parameter command: the command's name or its script's.
    public func record(_ command: String, _ duration: Duration) {
        let timer = timers.withLock { timers in
            if let timer = timers[command] { return timer }
            let timer = Timer(label: "skmuseum_redis_command_duration_seconds", dimensions: [("command", command)])
            timers[command] = timer
            return timer
        }
        timer.recordNanoseconds(Int64(duration / .nanoseconds(1)))
    }
}
