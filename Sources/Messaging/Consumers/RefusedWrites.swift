public import Contracts
public import Logging
import Metrics
import Synchronization

/// Reports the writes of one service that Redis refuses (NOPERM, OOM, MISCONF, READONLY). Each is counted; the log names the
/// cause once for each kind of refusal, and says once when no write is refused any more.
public final class RefusedWrites: Sendable {
    private let logger: Logger
    private let counter: Counter
    /// The writes that are refused at present, each with the first word of the cause.
    private let refused = Mutex<[String: String]>([:])

    public init(of service: ServiceName, logger: Logger) {
        self.logger = logger
        counter = Counter(label: "skmuseum_writes_refused_total", dimensions: [("service", service.rawValue)])
        counter.increment(by: 0)
    }

    /// Counts a refusal that is logged elsewhere.
    public func count() { counter.increment() }

    /// - Parameters:
    ///   - write: the operation, and the partition it is for.
    ///   - cause: the error as Redis sent it.
    public func refused(_ write: String, cause: String) {
        counter.increment()
        let kind = String(cause.prefix { $0 != " " })
        let isNew = refused.withLock { refused in
            let isKnown = refused.values.contains(kind)
            refused[write] = kind
            return !isKnown
        }
        if isNew { logger.warning("redis refuses writes", metadata: ["write": "\(write)", "cause": "\(cause)"]) }
    }

    public func accepted(_ write: String) {
        let isLast = refused.withLock { refused in refused.removeValue(forKey: write) != nil && refused.isEmpty }
        if isLast { logger.notice("redis accepts writes again", metadata: ["write": "\(write)"]) }
    }
}
