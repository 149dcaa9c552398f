public import CoreMetrics
import Synchronization

/// Keeps what swift-metrics is told and renders it as Prometheus text.
public final class PrometheusMetrics: MetricsFactory {
    private struct Key: Hashable {
        let label: String
        let dimensions: String
    }

    private let series = Mutex<[Key: any Series]>([:])

    public init() {}

    /// All series in the Prometheus text format 0.0.4, sorted by name.
    public func render() -> String {
        let known = series.withLock { $0 }
        var text = ""
        var last = ""
        for (key, series) in known.sorted(by: { ($0.key.label, $0.key.dimensions) < ($1.key.label, $1.key.dimensions) }) {
            if key.label != last {
                if let help = MetricCatalogue.help[key.label] { text += "# HELP \(key.label) \(help)\n" }
                text += "# TYPE \(key.label) \(series.kind)\n"
            }
            last = key.label
            text += series.render(key.label, key.dimensions)
        }
        return text
    }

    private func find<Handler: Series>(_ label: String, _ dimensions: [(String, String)], _ make: () -> Handler) -> Handler {
        let written = dimensions.map { "\($0)=\"\(Self.escaped($1))\"" }
        let key = Key(label: label, dimensions: written.joined(separator: ","))
        return series.withLock { series in
            if let known = series[key] as? Handler { return known }
            let new = make()
            series[key] = new
            return new
        }
    }

    /// Scalar by scalar: to Swift, a quote and an accent after it are one character, and no quote.
    private static func escaped(_ value: String) -> String {
        var text = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\", "\"": text.append(contentsOf: ["\\", scalar])
            case "\n": text.append(contentsOf: ["\\", "n"])
            default: text.append(scalar)
            }
        }
        return String(text)
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions) { CounterSeries() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions) { GaugeSeries() }
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? find(label, dimensions) { HistogramSeries(MetricCatalogue.countBounds) } : find(label, dimensions) { GaugeSeries() }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        find(label, dimensions) { HistogramSeries(MetricCatalogue.secondsBounds(of: label)) }
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}

private protocol Series: AnyObject, Sendable {
    var kind: String { get }
    func render(_ label: String, _ dimensions: String) -> String
}

extension Series {
    func line(_ label: String, _ dimensions: String, _ value: some CustomStringConvertible) -> String {
        label + (dimensions.isEmpty ? "" : "{\(dimensions)}") + " \(value)\n"
    }
}

private final class CounterSeries: CounterHandler, Series {
    private let value = Atomic<Int64>(0)
    let kind = "counter"

    func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }
    func render(_ label: String, _ dimensions: String) -> String { line(label, dimensions, value.load(ordering: .relaxed)) }
}

private final class GaugeSeries: MeterHandler, RecorderHandler, Series {
    private let value = Mutex(0.0)
    let kind = "gauge"

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func render(_ label: String, _ dimensions: String) -> String { line(label, dimensions, value.withLock { $0 }) }
}

/// Values in buckets: durations in seconds, or counts.
private final class HistogramSeries: TimerHandler, RecorderHandler, Series {
    private struct Counts {
        var buckets: [Int]
        var count = 0
        var sum = 0.0
    }

    private let bounds: [Double]
    private let counts: Mutex<Counts>
    let kind = "histogram"

    /// - Parameter bounds: the upper bound of each bucket, ascending. The last bucket has none.
    init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Mutex(Counts(buckets: [Int](repeating: 0, count: bounds.count)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 }
        counts.withLock { counts in
            counts.count += 1
            counts.sum += value
            if let bucket { counts.buckets[bucket] += 1 }
        }
    }

    func render(_ label: String, _ dimensions: String) -> String {
        let counts = counts.withLock { $0 }
        let prefix = dimensions.isEmpty ? "" : dimensions + ","
        var text = ""
        var sum = 0
        for (bound, count) in zip(bounds, counts.buckets) {
            sum += count
            text += line(label + "_bucket", prefix + "le=\"\(bound)\"", sum)
        }
        return text + line(label + "_bucket", prefix + "le=\"+Inf\"", counts.count)
            + line(label + "_sum", dimensions, counts.sum) + line(label + "_count", dimensions, counts.count)
    }
}
