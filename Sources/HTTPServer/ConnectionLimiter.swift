import Metrics
import NIOCore
import Synchronization

/// Limits the connections of one port, in total and per client address.
final class ConnectionLimiter: Sendable {
    private struct Counts {
        var byAddress: [String: Int] = [:]
        var inside = 0
        var leaving = 0
    }

    /// How many refused connections may wait for their 503 at a time. Others are closed without a response.
    private static let leavingLimit = 256

    private let budget: ConnectionBudget
    private let tellsRefused: Bool
    private let counts = Mutex(Counts())
    private let inside: Meter
    private let refused: Counter

    /// - Parameter tellsRefused: whether a refused connection gets a response. Under TLS a handshake would come first.
    init(role: String, budget: ConnectionBudget, tellsRefused: Bool = true) {
        self.tellsRefused = tellsRefused
        self.budget = budget
        inside = Meter(label: "skmuseum_http_connections", dimensions: [("service", role)])
        refused = Counter(label: "skmuseum_http_connections_refused_total", dimensions: [("service", role)])
        inside.set(0)
    }

    enum Entrance {
        case admitted
        /// Turned away, with or without a response.
        case refused(isTold: Bool)
    }

    /// Call ``leave(_:)`` when an admitted connection closes, ``turnedAway()`` when a refused connection with a response closes.
    func enter(_ address: String) -> Entrance {
        let entrance = counts.withLock { counts -> Entrance in
            let known = counts.byAddress[address, default: 0]
            if known < HTTPServerLimits.connectionsPerAddress, counts.inside < HTTPServerLimits.connectionsPerPort, budget.take()
            {
                counts.byAddress[address] = known + 1
                counts.inside += 1
                inside.set(counts.inside)
                return .admitted
            }
            guard tellsRefused, counts.leaving < Self.leavingLimit else { return .refused(isTold: false) }
            counts.leaving += 1
            return .refused(isTold: true)
        }
        if case .refused = entrance { refused.increment() }
        return entrance
    }

    func leave(_ address: String) {
        counts.withLock { counts in
            let known = counts.byAddress[address, default: 0] - 1
            counts.byAddress[address] = known > 0 ? known : nil
            counts.inside -= 1
            inside.set(counts.inside)
        }
        budget.giveBack()
    }

    func turnedAway() { counts.withLock { $0.leaving -= 1 } }
}

/// The connections that all ports of a process may have together: what its open files allow.
public final class ConnectionBudget: Sendable {
    private let left: Atomic<Int>

    /// - Parameter openFiles: as many as the process may have.
    public init(openFiles: Int) { left = Atomic(max(openFiles - HTTPServerLimits.filesKeptBack, openFiles / 2)) }

    func take() -> Bool {
        if left.wrappingSubtract(1, ordering: .relaxed).oldValue > 0 { return true }
        giveBack()
        return false
    }

    func giveBack() { left.wrappingAdd(1, ordering: .relaxed) }
}
