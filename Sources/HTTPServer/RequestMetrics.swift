import HTTPTypes
import Metrics
import Synchronization

/// The requests of one port: how many and how long, by route, method and status.
///
/// A label takes few values only: the route is a pattern of the port's own, and a method that no route has is `other`.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        /// Its number; -1 for none.
        let route: Int
        /// Its place in ``methods``; -1 for any other.
        let method: Int
        let status: Int
    }

    private struct Series {
        let count: Counter
        let duration: Timer
    }

    private static let methods: [HTTPRequest.Method] = [.get, .post, .head, .put, .patch, .delete]

    private let service: String
    private let known = Mutex<[Key: Series]>([:])

    init(service: String) { self.service = service }

    func count(_ method: HTTPRequest.Method, route: PathTable.Route?, status: Int, duration: Duration) {
        let method = Self.methods.firstIndex(of: method)
        let key = Key(route: route?.number ?? -1, method: method ?? -1, status: status)
        let series = known.withLock { known in
            if let series = known[key] { return series }
            let series = make(route, method: method.map { Self.methods[$0].rawValue }, status: status)
            known[key] = series
            return series
        }
        series.count.increment()
        let (seconds, attoseconds) = duration.components
        series.duration.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    private func make(_ route: PathTable.Route?, method: String?, status: Int) -> Series {
        let labels = [("service", service), ("route", route?.pattern ?? "unmatched"), ("method", method ?? "other")]
        return Series(
            count: Counter(label: "skmuseum_http_requests_total", dimensions: labels + [("status", String(status))]),
            duration: Timer(label: "skmuseum_http_request_duration_seconds", dimensions: labels))
    }
}
