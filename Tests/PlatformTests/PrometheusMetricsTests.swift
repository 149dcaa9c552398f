import CoreMetrics
import Testing

@testable import Platform

/// Metrics as Prometheus reads them.
struct PrometheusMetricsTests {
    @Test func countersAndGauges() {
        let metrics = PrometheusMetrics()
        #expect(metrics.render() == "")
        metrics.makeCounter(label: "b_total", dimensions: [("x", "2")]).increment(by: 5)
        metrics.makeCounter(label: "b_total", dimensions: [("x", "1")]).increment(by: 1)
        metrics.makeCounter(label: "b_total", dimensions: [("x", "1")]).increment(by: 2)
        let meter = metrics.makeMeter(label: "a_seats", dimensions: [])
        meter.set(4.0)
        meter.increment(by: 2)
        meter.decrement(by: 1.5)
        #expect(
            metrics.render() == """
                # TYPE a_seats gauge
                a_seats 4.5
                # TYPE b_total counter
                b_total{x="1"} 3
                b_total{x="2"} 5

                """)
    }

    @Test func histogramsAddUp() throws {
        let metrics = PrometheusMetrics()
        let timer = metrics.makeTimer(label: "t_seconds", dimensions: [("service", "book")])
        for milliseconds in [0.1, 0.5, 0.6, 3, 400, 6000] { timer.recordNanoseconds(Int64(milliseconds * 1e6)) }
        let lines = metrics.render().split(separator: "\n").map { String($0) }
        #expect(lines.first == "# TYPE t_seconds histogram")
        #expect(lines.count == 17)
        let expected = [
            #"t_seconds_bucket{service="book",le="0.0005"} 2"#, #"t_seconds_bucket{service="book",le="0.001"} 3"#,
            #"t_seconds_bucket{service="book",le="0.0025"} 3"#, #"t_seconds_bucket{service="book",le="0.005"} 4"#,
            #"t_seconds_bucket{service="book",le="0.25"} 4"#, #"t_seconds_bucket{service="book",le="0.5"} 5"#,
            #"t_seconds_bucket{service="book",le="5.0"} 5"#, #"t_seconds_bucket{service="book",le="+Inf"} 6"#,
            #"t_seconds_count{service="book"} 6"#,
        ]
        for line in expected { #expect(lines.contains(line), "\(line)") }
        let sum = try #require(lines.first { $0.hasPrefix("t_seconds_sum{service=\"book\"} ") }?.split(separator: " ").last)
        #expect(abs(try #require(Double(sum)) - 6.4042) < 1e-9)
    }

    /// Every metric has a help text; sizes and ages have buckets of their own.
    @Test func helpAndBuckets() {
        let metrics = PrometheusMetrics()
        metrics.makeRecorder(label: "skmuseum_consumer_batch_size", dimensions: [], aggregate: true).record(Int64(3))
        metrics.makeTimer(label: "skmuseum_event_age_seconds", dimensions: []).recordNanoseconds(100_000_000_000)
        let lines = metrics.render().split(separator: "\n").map { String($0) }
        #expect(lines.first == "# HELP skmuseum_consumer_batch_size Events in one batch of a consumer.")
        #expect(lines.contains("# TYPE skmuseum_consumer_batch_size histogram"))
        #expect(lines.contains(#"skmuseum_consumer_batch_size_bucket{le="2.0"} 0"#))
        #expect(lines.contains(#"skmuseum_consumer_batch_size_bucket{le="4.0"} 1"#))
        #expect(lines.contains(#"skmuseum_event_age_seconds_bucket{le="60.0"} 0"#))
        #expect(lines.contains(#"skmuseum_event_age_seconds_bucket{le="300.0"} 1"#))
    }

    @Test func withoutDimensions() {
        let metrics = PrometheusMetrics()
        metrics.makeTimer(label: "t", dimensions: []).recordNanoseconds(1)
        let text = metrics.render()
        #expect(text.contains("t_bucket{le=\"0.0005\"} 1\n"))
        #expect(text.contains("t_count 1\n"))
    }

    /// What a label says can't end its line or its quotes.
    @Test(arguments: [
        (#"a"b"#, #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#), (#"\""#, #"\\\""#), ("a\r\nb", "a\r\\nb"),
        ("a\"\u{301}b", "a\\\"\u{301}b"),
        ("a\n\u{301}b", "a\\n\u{301}b"),
    ])
    func labelsAreEscaped(_ value: String, _ written: String) {
        let metrics = PrometheusMetrics()
        metrics.makeCounter(label: "c", dimensions: [("x", value)]).increment(by: 1)
        #expect(metrics.render() == "# TYPE c counter\nc{x=\"\(written)\"} 1\n")
    }

    @Test func countedFromManyTasks() async {
        let metrics = PrometheusMetrics()
        await withTaskGroup { group in
            for _ in 0..<50 {
                group.addTask { for _ in 0..<100 { metrics.makeCounter(label: "c", dimensions: []).increment(by: 1) } }
            }
        }
        #expect(metrics.render() == "# TYPE c counter\nc 5000\n")
    }
}
