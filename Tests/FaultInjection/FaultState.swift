import TestSupport
import Synchronization

/// What is on, as visitors see it: the exhibitions they choose from, and what staff have done to each.
final class FaultState: Sendable {
    enum Kind: Sendable, CaseIterable {
        /// Has a seat for everybody; nobody is ever told that it is sold out.
        case roomy
        /// Few seats, many who want them.
        case crowded
        /// StaffWorkload edit, close, reopen and delete it.
        case changing
        /// StaffWorkload move it into the past, where `purge` takes it, and perhaps back into the future.
        case past
    }

    struct Spot: Sendable {
        let id: String
        let kind: Kind
        let capacity: Int
        /// Whether DELETE was ever sent; it may have been done.
        var isDeletionAsked = false
        /// Whether DELETE was answered 2xx.
        var isDeletionAnswered = false
        /// Whether staff ever asked to move it into the past; from then on it may be purged.
        var isPurgeAsked = false
        /// When the edit back into the future was answered 200; from then on it must stay.
        var postponedAt: ContinuousClock.Instant?
        /// Whether it was seen to be purged.
        var isPurged = false
    }

    private let spots = Mutex<[Spot]>([])

    var all: [Spot] { spots.withLock { $0 } }

    func add(_ spot: Spot) { spots.withLock { $0.append(spot) } }

    func update(_ id: String, _ change: (inout Spot) -> Void) {
        spots.withLock { spots in
            if let index = spots.firstIndex(where: { $0.id == id }) { change(&spots[index]) }
        }
    }

    func isPurgeAsked(_ id: String) -> Bool { all.contains { $0.id == id && $0.isPurgeAsked } }

    /// One that visitors want to see; mostly one that is not deleted or purged yet.
    func pick(_ random: inout SeededRandom) -> Spot? {
        let all = all
        let open = all.filter { !$0.isDeletionAsked && !$0.isPurged }
        return (open.isEmpty || random.once(in: 30) ? all : open).randomElement(using: &random)
    }
}
