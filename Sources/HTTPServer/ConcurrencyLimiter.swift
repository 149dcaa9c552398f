import Metrics
import Synchronization

/// The requests that a port is working at. Above the bound, the responses to more would only be too late: they are refused at once.
final class ConcurrencyLimiter: Sendable {
    private let underWay = Atomic<Int>(0)
    /// Of those, requests whose body is still to come. They cost nothing, and slow clients must not keep others out.
    private let unread = Atomic<Int>(0)
    /// Bodies that are streamed, and large ones that are read: each holds up to a megabyte, and may last.
    private let transfers = Atomic<Int>(0)
    private let inFlight: Meter
    private let shed: Counter

    init(role: String) {
        inFlight = Meter(label: "skmuseum_http_requests_in_flight", dimensions: [("service", role)])
        shed = Counter(label: "skmuseum_http_requests_shed_total", dimensions: [("service", role)])
        inFlight.set(0)
    }

    /// Whether another request may start. A caller that gets `true` calls ``end()`` once its response is there.
    func begin() -> Bool {
        let count = underWay.wrappingAdd(1, ordering: .relaxed).newValue
        // Its own body may be counted as unread, hence not below.
        guard count - unread.load(ordering: .relaxed) <= HTTPServerLimits.requestsInFlight else {
            underWay.wrappingSubtract(1, ordering: .relaxed)
            shed.increment()
            return false
        }
        return true
    }

    func end() { underWay.wrappingSubtract(1, ordering: .relaxed) }

    /// One of the port's transfers, until it is released.
    final class Transfer: Sendable {
        private let limiter: ConcurrencyLimiter

        fileprivate init(_ limiter: ConcurrencyLimiter) { self.limiter = limiter }
        deinit { limiter.transfers.wrappingSubtract(1, ordering: .relaxed) }
    }

    /// Permission for a transfer; `nil` if there are too many.
    func beginTransfer() -> Transfer? {
        let count = transfers.wrappingAdd(1, ordering: .relaxed).newValue
        let transfer = Transfer(self)
        if count <= HTTPServerLimits.transfers { return transfer }
        shed.increment()
        return nil
    }

    func bodyIsDue() { unread.wrappingAdd(1, ordering: .relaxed) }
    func bodyIsRead() { unread.wrappingSubtract(1, ordering: .relaxed) }

    /// Updates the gauge. Called for `/metrics` and health checks, not for each request.
    func show() { inFlight.set(max(0, underWay.load(ordering: .relaxed) - unread.load(ordering: .relaxed))) }
}
