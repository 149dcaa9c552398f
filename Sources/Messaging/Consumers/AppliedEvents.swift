import Contracts
import Logging
import Metrics
import Synchronization

/// How far this process has applied the streams of one partition for one service, over all its connections. A stream that ends
/// before that has lost events: a replica that did not have them yet has become primary, or an earlier backup was restored.
final class AppliedEvents: Sendable {
    private struct State {
        var last: [ServiceName: StreamID] = [:]
        var hasLostEvents = false
    }

    private let state = Mutex(State())

    func note(_ entries: [Entry]) {
        state.withLock { state in
            for entry in entries {
                guard let id = StreamID(entry.id) else { continue }
                state.last[entry.source] = max(state.last[entry.source] ?? .zero, id)
            }
        }
    }

    func last(of source: ServiceName) -> StreamID { state.withLock { $0.last[source] ?? .zero } }

    /// A stream has lost events. From here on it is followed from its present end.
    func lower(to end: StreamID, of source: ServiceName) {
        state.withLock { state in
            state.last[source] = end
            state.hasLostEvents = true
        }
    }

    /// Whether a stream has lost events since the last call.
    func takeLoss() -> Bool {
        state.withLock { state in
            defer { state.hasLostEvents = false }
            return state.hasLostEvents
        }
    }
}

/// A stream that ends before events that have been applied.
struct ShortenedStream: Sendable, Equatable {
    let source: ServiceName
    /// The id of the stream's last entry.
    let end: StreamID
    /// The last id that has been applied.
    let applied: StreamID

    func report(_ service: ServiceName, _ logger: Logger) {
        logger.error(
            "stream ends before the events that were applied; a failover has lost the events in between",
            metadata: ["stream": "\(source.rawValue)", "end": "\(end.text)", "applied": "\(applied.text)"])
        Self.counter(of: service).increment()
    }

    static func counter(of service: ServiceName) -> Counter {
        Counter(label: "skmuseum_streams_shortened_total", dimensions: [("service", service.rawValue)])
    }
}
