import Contracts

/// Detects consumer groups that stall: there are events for the group, and its progress has not changed for ``bound``. Reports
/// each stall once, and each recovery once.
struct StallDetector {
    enum Change: Equatable {
        case stalled, recovered
    }

    private struct Observation {
        let applied: StreamID
        let since: ContinuousClock.Instant
        var isStalled = false
    }

    private struct Key: Hashable {
        let group: ServiceName
        let partition: String
    }

    /// How long progress may stay unchanged.
    let bound: Duration
    private var observations: [Key: Observation] = [:]

    init(bound: Duration) { self.bound = bound }

    /// Records a group's progress and returns what has changed; `nil`: nothing.
    mutating func observe(
        _ group: ServiceName, in partition: String, applied: StreamID, isBehind: Bool, now: ContinuousClock.Instant
    ) -> Change? {
        let key = Key(group: group, partition: partition)
        let last = observations[key]
        guard isBehind else {
            observations[key] = nil
            return last?.isStalled == true ? .recovered : nil
        }
        guard var last, last.applied == applied else {
            observations[key] = Observation(applied: applied, since: now)
            return last?.isStalled == true ? .recovered : nil
        }
        guard !last.isStalled, now - last.since >= bound else { return nil }
        last.isStalled = true
        observations[key] = last
        return .stalled
    }
}
