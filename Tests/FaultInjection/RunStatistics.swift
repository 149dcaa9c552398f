import Synchronization
import TestSupport

/// Counts what is going on, for the report of a long run.
public final class RunStatistics: Sendable {
    public struct Counts: Sendable {
        /// Requests to book, whatever came of them.
        public var attempts = 0
        public var booked = 0
        public var refused = 0
        public var unavailable = 0
        public var open = 0
        /// Cancels, looks, and what staff did.
        public var others = 0
        public var kills = 0
        public var slowest = Duration.zero
        /// How often each kind was tried, how often it injected at least once, and what its injections counted together.
        public var injections: [FaultKind: (tried: Int, injected: Int, sum: Int)] = [:]
        /// Acknowledged bookings that were lost at a failover.
        public var lost = 0
        /// Bookings whose reservation was lost at a failover, when others had the seats already.
        public var unseated = 0
        /// How long no booking was acknowledged in a partition, for each failover, by the kind of its fault.
        public var gaps: [FaultKind: [Duration]] = [:]
    }

    private let counts = Mutex(Counts())

    public init() {}

    public var now: Counts { counts.withLock { $0 } }

    func count(_ answer: BookingOperation.Answer, took: Duration) {
        counts.withLock { counts in
            counts.attempts += 1
            switch answer {
            case .booking: counts.booked += 1
            case .refused: counts.refused += 1
            case .unavailable: counts.unavailable += 1
            case .open: counts.open += 1
            }
            counts.slowest = max(counts.slowest, took)
        }
    }

    func count(lost: Int, unseated: Int, gaps: [FaultKind: [Duration]]) {
        counts.withLock { counts in
            counts.lost += lost
            counts.unseated += unseated
            counts.gaps.merge(gaps) { $0 + $1 }
        }
    }

    func countOther() { counts.withLock { $0.others += 1 } }

    func count(_ kind: FaultKind, injected: Int, kills: Int) {
        counts.withLock { counts in
            let before = counts.injections[kind] ?? (0, 0, 0)
            counts.injections[kind] = (before.tried + 1, before.injected + (injected > 0 ? 1 : 0), before.sum + injected)
            counts.kills += kills
        }
    }
}
