import Logging
import Synchronization

/// Tells the log once that a service is out of reach, and once that it is back: an outage at a thousand requests a second is
/// one line, not a thousand.
final class OutageLog: Sendable {
    private enum State {
        case well
        case away(failures: Int, last: ContinuousClock.Instant)
    }

    /// A service that answers some and fails others is away until it has not failed for so long.
    private static let calm = Duration.seconds(1)

    private let service: String
    private let state = Mutex(State.well)

    init(of service: String) { self.service = service }

    func failed(_ fault: String, logger: Logger, at now: ContinuousClock.Instant = .now) {
        let isNew = state.withLock { state in
            guard case .away(let failures, _) = state else {
                state = .away(failures: 1, last: now)
                return true
            }
            state = .away(failures: failures + 1, last: now)
            return false
        }
        if isNew { logger.warning("upstream unavailable", metadata: ["service": "\(service)", "fault": "\(fault)"]) }
    }

    func succeeded(logger: Logger, at now: ContinuousClock.Instant = .now) {
        let failures = state.withLock { state -> Int? in
            guard case .away(let failures, let last) = state, now - last >= Self.calm else { return nil }
            state = .well
            return failures
        }
        if let failures {
            logger.notice("upstream recovered", metadata: ["service": "\(service)", "requestsFailed": "\(failures)"])
        }
    }
}
