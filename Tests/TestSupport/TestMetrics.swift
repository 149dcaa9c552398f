import CoreMetrics
import Platform

/// The metrics of this test process; set up once.
public final class TestMetrics: Sendable {
    public static let shared = TestMetrics()
    private let metrics = PrometheusMetrics()

    private init() { MetricsSystem.bootstrap(metrics) }

    /// The value of a series, named as it is rendered.
    public func value(_ series: String) -> Double? {
        for line in metrics.render().split(separator: "\n") where line.hasPrefix(series + " ") {
            return Double(line.dropFirst(series.count + 1))
        }
        return nil
    }
}
