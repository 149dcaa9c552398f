import CoreMetrics

@testable import Chassis

/// What this test process is told in metrics; set up once.
final class TestMetrics: Sendable {
    static let shared = TestMetrics()
    private let metrics = TextMetrics()

    private init() { MetricsSystem.bootstrap(metrics) }

    /// The value of a series, named as it is rendered.
    func value(_ series: String) -> Double? {
        for line in metrics.render().split(separator: "\n") where line.hasPrefix(series + " ") {
            return Double(line.dropFirst(series.count + 1))
        }
        return nil
    }
}
