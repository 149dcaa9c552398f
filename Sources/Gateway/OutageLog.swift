import Logging
import Synchronization

/// Logs an outage of an upstream once when it begins and once when it ends, however many requests fail in between.
final class OutageLog: Sendable {
    private enum State {
        case available
        case unavailable(failures: Int, last: ContinuousClock.Instant)
    }

    /// An upstream that responds to some requests and fails others is unavailable until it has not failed for this long.
    private static let recoveryTime = Duration.seconds(1)

    private let service: String
    private let state = Mutex(State.available)

    init(of service: String) { self.service = service }

    func failed(_ fault: String, logger: Logger, at now: ContinuousClock.Instant = .now) {
        let isNew = state.withLock { state in
            guard case .unavailable(let failures, _) = state else {
                state = .unavailable(failures: 1, last: now)
                return true
            }
            state = .unavailable(failures: failures + 1, last: now)
            return false
        }
        if isNew { logger.warning("upstream unavailable", metadata: ["service": "\(service)", "error": "\(fault)"]) }
    }

    func succeeded(logger: Logger, at now: ContinuousClock.Instant = .now) {
        let failures = state.withLock { state -> Int? in
            guard case .unavailable(let failures, let last) = state, now - last >= Self.recoveryTime else { return nil }
            state = .available
            return failures
        }
        if let failures {
            logger.notice("upstream recovered", metadata: ["service": "\(service)", "requestsFailed": "\(failures)"])
        }
    }
}
