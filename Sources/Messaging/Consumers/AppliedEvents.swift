import Contracts
import Logging
import Metrics
import Synchronization

/// How far this process has applied the streams of one partition for one service, over all its connections. A stream that ends
/// before that has lost events: a replica that did not have them yet has become primary, or an earlier backup was restored.
final class AppliedEvents: Sendable {
    private let last = Mutex<[ServiceName: StreamID]>([:])

    func note(_ entries: [Entry]) {
        last.withLock { last in
            for entry in entries {
                guard let id = StreamID(entry.id) else { continue }
                last[entry.source] = max(last[entry.source] ?? .zero, id)
            }
        }
    }

    func last(of source: ServiceName) -> StreamID { last.withLock { $0[source] ?? .zero } }

    /// From here on the stream is followed from its present end.
    func lower(to end: StreamID, of source: ServiceName) { last.withLock { $0[source] = end } }
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
