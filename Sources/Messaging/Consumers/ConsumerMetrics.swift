import Contracts
import Foundation
import Metrics

/// What one service's consumers do, in numbers.
struct ConsumerMetrics: Sendable {
    private let batchSize: Recorder
    private let applied: Counter
    private let age: Timer
    private let deadLettered: Counter
    private let labels: [(String, String)]

    init(of service: ServiceName) {
        labels = [("service", service.rawValue)]
        batchSize = Recorder(label: "skmuseum_consumer_batch_size", dimensions: labels, aggregate: true)
        applied = Counter(label: "skmuseum_consumer_events_applied_total", dimensions: labels)
        age = Timer(label: "skmuseum_event_age_seconds", dimensions: labels)
        deadLettered = Counter(label: "skmuseum_dead_letters_total", dimensions: labels)
    }

    func batchRead(count: Int) { batchSize.record(count) }

    /// - Parameter written: when each of the events was written, by the clock of the streams' server. Their age is approximate: it
    ///   is measured by this machine's clock.
    func applied(_ written: [UnixMilliseconds]) {
        let now = UnixMilliseconds(Date.now.timeIntervalSince1970 * 1000)
        applied.increment(by: written.count)
        for moment in written { age.recordNanoseconds(max(0, now - moment) * 1_000_000) }
    }

    func movedToDeadLetters() { deadLettered.increment() }

    func deadLettersStored(_ count: Int, in partition: String) {
        Gauge(label: "skmuseum_dead_letters", dimensions: labels + [("partition", partition)]).record(count)
    }
}
