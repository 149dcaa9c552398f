import Synchronization

/// What is on, as visitors see it: the exhibitions they choose from, and what staff have done to each.
final class Board: Sendable {
    enum Kind: Sendable, CaseIterable {
        /// Has a seat for everybody; nobody is ever told that it is sold out.
        case roomy
        /// Few seats, many who want them.
        case crowded
        /// Staff edit, close, reopen and delete it.
        case changing
    }

    struct Spot: Sendable {
        let id: String
        let kind: Kind
        let capacity: Int
        /// Whether DELETE was ever sent; it may have been done.
        var isDeletionAsked = false
        /// Whether DELETE was answered 2xx.
        var isDeletionAnswered = false
    }

    private let spots = Mutex<[Spot]>([])

    var all: [Spot] { spots.withLock { $0 } }

    func add(_ spot: Spot) { spots.withLock { $0.append(spot) } }

    func update(_ id: String, _ change: (inout Spot) -> Void) {
        spots.withLock { spots in
            if let index = spots.firstIndex(where: { $0.id == id }) { change(&spots[index]) }
        }
    }

    /// One that visitors want to see; mostly one that is not deleted yet.
    func pick(_ random: inout SeededRandom) -> Spot? {
        let all = all
        let open = all.filter { !$0.isDeletionAsked }
        return (open.isEmpty || random.once(in: 30) ? all : open).randomElement(using: &random)
    }
}
