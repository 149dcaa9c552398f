import Synchronization

/// A circuit breaker: after ``threshold`` consecutive failures it opens for ``openFor``, then lets one probe call through.
///
/// Only outcomes of calls that were let through in the present period count. A call that was under way when the circuit opened
/// and fails later says nothing new: it neither keeps the circuit open for longer nor closes it.
public final class CircuitBreaker: Sendable {
    public enum Circuit: String, Sendable {
        case closed, open
        case halfOpen = "half-open"
    }

    /// Permission for one call. Pass it to ``succeeded(_:)`` or ``failed(_:at:)``.
    public struct Permit: Sendable {
        fileprivate let period: Int
        /// Whether it is the one call that finds out whether the circuit may close.
        public let isTrial: Bool
    }

    private enum State {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant)
        /// One call is under way; if it has not ended by then, another call may probe.
        case halfOpen(until: ContinuousClock.Instant)
    }

    private let threshold: Int
    private let openFor: Duration
    private let onChange: @Sendable (Circuit) -> Void
    /// The period increases by one with each probe call and each change of state.
    private let state = Mutex((State.closed(failures: 0), period: 0))

    /// - Parameters:
    ///   - threshold: failures in a row that open the circuit.
    ///   - openFor: how long it refuses before it tries again.
    ///   - onChange: told each new state, the first included.
    public init(threshold: Int = 5, openFor: Duration = .seconds(1), onChange: @escaping @Sendable (Circuit) -> Void) {
        self.threshold = threshold
        self.openFor = openFor
        self.onChange = onChange
        onChange(.closed)
    }

    /// Leave for a call now; `nil` while the circuit is open.
    public func permit(at now: ContinuousClock.Instant = .now) -> Permit? {
        state.withLock { state in
            switch state.0 {
            case .closed: return Permit(period: state.period, isTrial: false)
            case .open(let until), .halfOpen(let until):
                guard now >= until else { return nil }
                state = (.halfOpen(until: now + openFor), state.period + 1)
                onChange(.halfOpen)
                return Permit(period: state.period, isTrial: true)
            }
        }
    }

    /// Call this or ``failed(_:at:)`` exactly once for each permit. It is ignored once the permit's period is over.
    public func succeeded(_ permit: Permit) {
        state.withLock { state in
            guard permit.period == state.period else { return }
            if case .closed = state.0 {
                state.0 = .closed(failures: 0)
            } else {
                state = (.closed(failures: 0), state.period + 1)
                onChange(.closed)
            }
        }
    }

    public func failed(_ permit: Permit, at now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            guard permit.period == state.period else { return }
            if case .closed(let failures) = state.0, failures + 1 < threshold {
                state.0 = .closed(failures: failures + 1)
            } else {
                state = (.open(until: now + openFor), state.period + 1)
                onChange(.open)
            }
        }
    }
}
