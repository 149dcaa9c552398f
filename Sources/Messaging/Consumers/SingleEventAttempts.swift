import Synchronization

/// Entries that this process has counted as about to be handled alone and has not yet cleared, over all its connections.
final class SingleEventAttempts: Sendable {
    private let names = Mutex<Set<String>>([])

    func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
    func insert(_ name: String) { names.withLock { _ = $0.insert(name) } }
    func remove(_ name: String) { names.withLock { _ = $0.remove(name) } }
}
