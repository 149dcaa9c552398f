public import Redis
public import ServiceLifecycle
import Synchronization

/// Whether a Redis server takes writes, asked twice a second with a script that does nothing. Unready only after three seconds of
/// failure: a short failover shows as single 503 answers, not as a role that is gone.
public final class Readiness: Service {
    // Redis runs a script that may write only where writing is possible: not on a replica, not when memory is full.
    private static let probe = Command(Script(name: "probe", source: "#!lua\nreturn 1"), keys: [], arguments: [])
    private static let patience = Duration.seconds(3)

    private let client: RedisClient
    private let lastSuccess = Mutex<ContinuousClock.Instant?>(nil)

    public init(_ client: RedisClient) { self.client = client }

    public var isReady: Bool {
        lastSuccess.withLock { $0.map { .now - $0 < Self.patience } ?? false }
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if case .success = await self.client.send([Self.probe])[0] {
                    self.lastSuccess.withLock { $0 = .now }
                }
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
