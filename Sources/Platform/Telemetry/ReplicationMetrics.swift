import Metrics

/// How long writes wait for a replica, and how often none confirms them.
public struct ReplicationMetrics: Sendable {
    private let duration: Timer
    private let unconfirmed: Counter

    public init(service: String) {
        let labels = [("service", service)]
        duration = Timer(label: "skmuseum_replication_wait_duration_seconds", dimensions: labels)
        unconfirmed = Counter(label: "skmuseum_replication_waits_unconfirmed_total", dimensions: labels)
        unconfirmed.increment(by: 0)
    }

    public func flushed(in duration: Duration, isConfirmed: Bool) {
        self.duration.recordNanoseconds(Int64(duration / .nanoseconds(1)))
        if !isConfirmed { unconfirmed.increment() }
    }
}
