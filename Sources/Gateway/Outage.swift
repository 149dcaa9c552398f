import Logging
import Synchronization

/// Tells the log once that a room is out of reach, and once that it is back: an outage at a thousand requests a second is one
/// line, not a thousand.
final class Outage: Sendable {
    private enum State {
        case well
        case away(failures: Int, last: ContinuousClock.Instant)
    }

    /// A room that answers some and fails others is away until it has not failed for so long.
    private static let calm = Duration.seconds(1)

    private let room: String
    private let state = Mutex(State.well)

    init(of room: String) { self.room = room }

    func failed(_ fault: String, logger: Logger, at now: ContinuousClock.Instant = .now) {
        let isNew = state.withLock { state in
            guard case .away(let failures, _) = state else {
                state = .away(failures: 1, last: now)
                return true
            }
            state = .away(failures: failures + 1, last: now)
            return false
        }
        if isNew { logger.warning("room out of reach", metadata: ["room": "\(room)", "fault": "\(fault)"]) }
    }

    func succeeded(logger: Logger, at now: ContinuousClock.Instant = .now) {
        let failures = state.withLock { state -> Int? in
            guard case .away(let failures, let last) = state, now - last >= Self.calm else { return nil }
            state = .well
            return failures
        }
        if let failures {
            logger.notice("room answers again", metadata: ["room": "\(room)", "requestsFailed": "\(failures)"])
        }
    }
}
