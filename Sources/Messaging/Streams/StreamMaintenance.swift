public import Contracts
public import Logging
import Metrics
public import Redis
public import ServiceLifecycle

/// Maintains a service's own streams: exports each subscriber's lag, logs stalled consumer groups, and trims events that every
/// subscriber has applied and that are older than the retention.
///
/// Subscribers are those of the table (``ServiceName/subscriptions``), never the groups that Redis lists: a lost group still
/// needs its events, and a group that somebody made by hand doesn't.
public struct StreamMaintenance: Service {
    /// How often things are done.
    public struct Intervals: Sendable {
        /// How often lag is read.
        public var observe = Duration.seconds(10)
        /// How often streams are trimmed, rounded up to ``observe``.
        public var trim = Duration.seconds(60)
        /// A group that has events and makes no progress for this long is stalled.
        public var stall = Duration.seconds(60)

        public init() {}
    }

    /// Most events that are counted for one subscriber's lag.
    static let countLimit = 10_000

    private let service: ServiceName
    private let partitions: Partitions
    private let redis: RedisClient
    private let retention: Duration
    private let intervals: Intervals
    private let time: (@Sendable (_ stream: String) async throws(RedisError) -> UnixMilliseconds)?
    private let refusals: RefusedWrites
    private let logger: Logger

    /// - Parameters:
    ///   - retention: by ids, which tell when an event was written.
    ///   - time: the clock of the server that assigns a stream's ids; `nil`: asks that server.
    public init(
        service: ServiceName, partitions: Partitions, redis: RedisClient, retention: Duration, intervals: Intervals = Intervals(),
        time: (@Sendable (_ stream: String) async throws(RedisError) -> UnixMilliseconds)? = nil,
        logger: Logger
    ) {
        self.service = service
        self.partitions = partitions
        self.redis = redis
        self.retention = retention
        self.intervals = intervals
        self.time = time
        self.refusals = RefusedWrites(of: service, logger: logger)
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var detector = StallDetector(bound: intervals.stall)
            var lastTrim: ContinuousClock.Instant?
            var log = FailureLog(
                logger, failing: "stream maintenance failed", recovered: "stream maintenance recovered")
            while !Task.isCancelled {
                let isTrimDue = lastTrim.map { .now - $0 >= intervals.trim } ?? true
                if let failure = await maintainAll(&detector, trimming: isTrimDue) {
                    log.failed(failure)
                    if failure.refusal != nil { refusals.count() }
                } else {
                    if isTrimDue { lastTrim = .now }
                    log.succeeded()
                }
                try? await Task.sleep(for: intervals.observe)
            }
        }
    }

    /// Maintains every partition; the failure of one does not stop the others.
    /// - Returns: the last failure.
    private func maintainAll(_ detector: inout StallDetector, trimming: Bool) async -> RedisError? {
        var failure: RedisError?
        do throws(Failure) {
            for partition in try await partitions.inUse() {
                do throws(RedisError) {
                    try await maintain(
                        EventStream(service: service, partition: partition, redis: redis), &detector, trimming: trimming)
                } catch {
                    failure = error
                }
            }
        } catch {
            failure = .unreachable("the partitions are not known")
        }
        return failure
    }

    private func maintain(_ stream: EventStream, _ detector: inout StallDetector, trimming: Bool) async throws(RedisError) {
        let state = try await stream.state()
        let hasNews = state.progress.contains { group in state.last.map { $0 > group.applied } ?? false }
        let moment = hasNews || trimming ? try await moment(of: stream) : 0
        for (group, applied) in state.progress {
            let isBehind = state.last.map { $0 > applied } ?? false
            let oldest = isBehind ? try await stream.first(after: applied) : nil
            let lag = oldest.map { max(0, Double(moment) - Double($0.milliseconds)) / 1000 } ?? 0
            let labels = [("service", group.rawValue), ("stream", service.rawValue), ("partition", stream.partition)]
            Gauge(label: "skmuseum_consumer_lag_seconds", dimensions: labels).record(lag)
            let count = isBehind ? try await stream.count(after: applied, limit: Self.countLimit) : 0
            Gauge(label: "skmuseum_consumer_lag_events", dimensions: labels).record(count)
            let change = detector.observe(group, in: stream.partition, applied: applied, isBehind: oldest != nil, now: .now)
            report(change, of: group, in: stream.partition, lag: lag)
        }
        guard trimming else { return }
        let youngest = StreamID(
            milliseconds: UInt64(max(0, moment - UnixMilliseconds(retention / .milliseconds(1)))), sequence: 0)
        if youngest == .zero { return }
        let (count, bound) = try await stream.trim(below: youngest)
        guard count > 0 else { return }
        logger.info("events trimmed", metadata: ["partition": "\(stream.partition)", "count": "\(count)", "below": "\(bound)"])
    }

    private func moment(of stream: EventStream) async throws(RedisError) -> UnixMilliseconds {
        if let time { return try await time(stream.name) }
        return try await redis.time(near: stream.name)
    }

    private func report(_ change: StallDetector.Change?, of group: ServiceName, in partition: String, lag: Double) {
        let metadata: Logger.Metadata = [
            "group": "\(group.rawValue)", "partition": "\(partition)", "lagSeconds": "\(Int(lag))",
        ]
        switch change {
        case .stalled: logger.warning("consumer group stalled", metadata: metadata)
        case .recovered: logger.warning("consumer group recovered", metadata: metadata)
        case nil: break
        }
    }
}
