public import Logging
public import Redis
public import ServiceLifecycle
import Synchronization

/// Whether Redis takes writes, asked with a script that does nothing; of a cluster, whether any primary does: while one is gone,
/// the partitions on the others are served. Unready only after three seconds of failure: a short failover shows as single 503
/// responses, not as a role that is gone.
public final class Readiness: Service {
    // Redis runs a script that may write only where writing is possible: not on a replica, not when memory is full.
    private static let probe = Command(Script(name: "probe", source: "#!lua\nreturn 1"), keys: [], arguments: [])
    private static let unreadyAfter = Duration.seconds(3)
    private static let interval = Duration.milliseconds(1500)
    private static let intervalWhileFailing = Duration.milliseconds(500)

    private enum State {
        case unknown, ready
        /// It was ready; since when the probes fail.
        case failing(since: ContinuousClock.Instant)
    }

    private let client: RedisClient
    private let logger: Logger
    private let state = Mutex(State.unknown)

    public init(_ client: RedisClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// `false` until the first successful probe, and after 3 s of failed ones.
    public var isReady: Bool {
        switch state.withLock({ $0 }) {
        case .unknown: false
        case .ready: true
        case .failing(let since): .now - since < Self.unreadyAfter
        }
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var log = FailureLog(
                self.logger, failing: "redis is not writable", recovered: "redis is writable again")
            while !Task.isCancelled {
                let start = ContinuousClock.now
                let replies = await self.client.sendToEachPrimary(Self.probe).map(\.reply)
                var failure: RedisError?
                for case .failure(let error) in replies { failure = error }
                if let failure { log.failed(failure) } else { log.succeeded() }
                let isReached = replies.contains { (try? $0.get()) != nil }
                self.note(isReached, at: start)
                try? await Task.sleep(for: isReached ? Self.interval : Self.intervalWhileFailing)
            }
        }
    }

    private func note(_ isReached: Bool, at moment: ContinuousClock.Instant) {
        state.withLock { state in
            if isReached {
                state = .ready
            } else if case .ready = state {
                state = .failing(since: moment)
            }
        }
    }
}
