import Synchronization
import TestSupport

/// For each failover and partition the time from the injection to the first new booking that was asked for and acknowledged
/// afterwards.
public final class FailoverGaps: Sendable {
    private struct Open { let kind: FaultKind, partition: String, start: ContinuousClock.Instant }
    private struct State {
        var open: [Open] = []
        var closed: [(kind: FaultKind, took: Duration)] = []
    }

    private let state = Mutex(State())

    func begin(_ kind: FaultKind, in partition: String) {
        state.withLock { $0.open.append(Open(kind: kind, partition: partition, start: .now)) }
    }

    /// A booking of this exhibition was acknowledged.
    /// - Parameter start: when it was asked for.
    func acknowledged(_ exhibition: String, asked start: ContinuousClock.Instant) {
        let partition = String(exhibition.prefix { $0.isLetter })
        state.withLock { state in
            if state.open.isEmpty { return }
            for gap in state.open where gap.partition == partition && gap.start <= start {
                state.closed.append((gap.kind, .now - gap.start))
            }
            state.open.removeAll { $0.partition == partition && $0.start <= start }
        }
    }

    /// The gaps that have ended, by kind, the shortest first.
    var ended: [FaultKind: [Duration]] {
        state.withLock { state in
            Dictionary(grouping: state.closed, by: \.kind).mapValues { $0.map(\.took).sorted() }
        }
    }
}
