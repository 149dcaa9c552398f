import Synchronization

/// A circuit breaker: after enough failures in a row it refuses for a while, then lets one call through to see.
public final class Breaker: Sendable {
    public enum Circuit: String, Sendable {
        case closed = "closed"
        case open = "open"
        case halfOpen = "half-open"
    }

    private enum State {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant)
        /// One call is under way; if nothing is heard of it until then, another may try.
        case halfOpen(until: ContinuousClock.Instant)
    }

    private let threshold: Int
    private let openFor: Duration
    private let onChange: @Sendable (Circuit) -> Void
    private let state = Mutex(State.closed(failures: 0))

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

    /// Whether a call may go through now. Who gets a yes says afterwards how it went.
    public func allows(at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            switch state {
            case .closed: return true
            case .open(let until), .halfOpen(let until):
                guard now >= until else { return false }
                state = .halfOpen(until: now + openFor)
                onChange(.halfOpen)
                return true
            }
        }
    }

    public func succeeded() {
        state.withLock { state in
            if case .closed(failures: 0) = state { return }
            if case .closed = state {} else { onChange(.closed) }
            state = .closed(failures: 0)
        }
    }

    public func failed(at now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            if case .closed(let failures) = state, failures + 1 < threshold {
                state = .closed(failures: failures + 1)
            } else {
                if case .open = state {} else { onChange(.open) }
                state = .open(until: now + openFor)
            }
        }
    }
}
