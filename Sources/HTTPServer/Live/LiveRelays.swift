import Contracts
import NIOCore
public import ServiceLifecycle
import Synchronization

/// Live streams that are passed on one by one from another process.
public final class LiveRelays: Service {
    /// Each takes a connection to the other process, and others need some, too.
    private static let limit = 1000

    private struct State {
        var relays: [ObjectIdentifier: LiveWatcher] = [:]
        var isFinished = false
    }

    private let state = Mutex(State())

    public init() {}

    /// A stream for one watcher, from what `pieces` hands over until it ends or the watcher leaves.
    /// - Throws: ``Failure/overloaded`` where there are too many.
    public func stream(_ pieces: @escaping ResponseStream) throws(RequestError) -> any LiveStream {
        guard state.withLock({ !$0.isFinished && $0.relays.count < Self.limit }) else { throw .failure(.overloaded) }
        return RelayedStream(relays: self, pieces: pieces)
    }

    public func run() async throws {
        try await gracefulShutdown()
        await finish()
    }

    /// Ends all streams: their clients connect again, elsewhere.
    private func finish() async {
        let watchers = state.withLock { state in
            state.isFinished = true
            return Array(state.relays.values)
        }
        for watcher in watchers {
            // It only fails where the loop has ended, and then there is nothing to end.
            try? await watcher.eventLoop.submit { watcher.end(isWhole: true) }.get()
        }
    }

    fileprivate func add(_ watcher: LiveWatcher) -> Bool {
        state.withLock { state in
            guard !state.isFinished else { return false }
            state.relays[ObjectIdentifier(watcher)] = watcher
            return true
        }
    }

    fileprivate func remove(_ watcher: LiveWatcher) { state.withLock { $0.relays[ObjectIdentifier(watcher)] = nil } }
}

private final class RelayedStream: LiveStream {
    let topic: String? = nil
    private let relays: LiveRelays
    private let pieces: ResponseStream
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(relays: LiveRelays, pieces: @escaping ResponseStream) {
        self.relays = relays
        self.pieces = pieces
    }

    func begin(_ watcher: LiveWatcher) {
        guard relays.add(watcher) else { return watcher.end(isWhole: true) }
        let relaying = Task { [pieces] in
            do {
                try await pieces { bytes in
                    try await watcher.eventLoop.submit {
                        guard watcher.isOpen, watcher.send(bytes) == .sent else { throw CancellationError() }
                    }.get()
                }
                try? await watcher.eventLoop.submit { watcher.end(isWhole: true) }.get()
            } catch {
                // The other process is gone, or the client does not read: the client connects again if it is still there.
                try? await watcher.eventLoop.submit { watcher.end(isWhole: false) }.get()
            }
        }
        task.withLock { $0 = relaying }
    }

    func end(_ watcher: LiveWatcher) {
        relays.remove(watcher)
        task.withLock { $0?.cancel() }
    }
}
