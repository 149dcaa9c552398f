import HTTPTypes
import Metrics
import Synchronization

/// The requests of one port: how many and how long, by route, method and status.
///
/// A label takes few values only: the route is a pattern of the port's own, and a method that no route has is `other`.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let route: String?
        let method: HTTPRequest.Method
        let status: Int
    }

    private struct Series {
        let count: Counter
        let duration: Timer
    }

    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete]
    private static let other = HTTPRequest.Method("other")!

    private let service: String
    private let known = Mutex<[Key: Series]>([:])

    init(service: String) { self.service = service }

    func count(_ method: HTTPRequest.Method, route: String?, status: Int, duration: Duration) {
        let key = Key(route: route, method: Self.methods.contains(method) ? method : Self.other, status: status)
        let series = known.withLock { known in
            if let series = known[key] { return series }
            let series = make(key)
            known[key] = series
            return series
        }
        series.count.increment()
        series.duration.recordNanoseconds(Int64(duration / .nanoseconds(1)))
    }

    private func make(_ key: Key) -> Series {
        let labels = [("service", service), ("route", key.route ?? "unmatched"), ("method", key.method.rawValue)]
        return Series(
            count: Counter(label: "skmuseum_http_requests_total", dimensions: labels + [("status", String(key.status))]),
            duration: Timer(label: "skmuseum_http_request_duration_seconds", dimensions: labels))
    }
}
