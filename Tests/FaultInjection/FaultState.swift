import Synchronization
import TestSupport

/// The exhibitions of a run: those that clients choose from, and what staff have asked for each.
final class FaultState: Sendable {
    enum Kind: Sendable, CaseIterable {
        /// Seats for every client; no request is ever refused as sold out.
        case ample
        /// Fewer seats than clients ask for.
        case scarce
        /// StaffWorkload edit, close, reopen and delete it.
        case changing
        /// StaffWorkload move it into the past, where `purge` takes it, and perhaps back into the future.
        case past
    }

    struct TrackedExhibition: Sendable {
        let id: String
        let kind: Kind
        let capacity: Int
        /// Whether DELETE was ever sent; it may have been done.
        var isDeletionAsked = false
        /// When the DELETE that was answered 2xx was sent.
        var deletedAt: ContinuousClock.Instant?
        /// Whether staff ever asked to move it into the past; from then on it may be purged.
        var isPurgeAsked = false
        /// When the edit back into the future was answered 200; from then on it must stay.
        var postponedAt: ContinuousClock.Instant?
        /// Whether it was seen to be purged.
        var isPurged = false
    }

    private let exhibitions = Mutex<[TrackedExhibition]>([])

    var all: [TrackedExhibition] { exhibitions.withLock { $0 } }

    func add(_ tracked: TrackedExhibition) { exhibitions.withLock { $0.append(tracked) } }

    func update(_ id: String, _ change: (inout TrackedExhibition) -> Void) {
        exhibitions.withLock { exhibitions in
            if let index = exhibitions.firstIndex(where: { $0.id == id }) { change(&exhibitions[index]) }
        }
    }

    func isPurgeAsked(_ id: String) -> Bool { all.contains { $0.id == id && $0.isPurgeAsked } }

    /// An exhibition to book; mostly one that is not deleted or purged yet.
    func pick(_ random: inout SeededRandom) -> TrackedExhibition? {
        let all = all
        let open = all.filter { !$0.isDeletionAsked && !$0.isPurged }
        return (open.isEmpty || random.once(in: 30) ? all : open).randomElement(using: &random)
    }
}
