import Contracts
import HTTPTypes
import NIOCore
public import ServiceLifecycle
import Synchronization

/// Whether graceful shutdown has begun. This service is the last of the group, so it is shut down first: the ports close when it
/// has ended.
public final class Drain: Service {
    private let flag = Atomic(false)
    private let delay: @Sendable () async -> Void

    /// - Parameter delay: returns when the ports may close. Until then they accept, and every response closes its connection.
    public init(delay: @escaping @Sendable () async -> Void) { self.delay = delay }

    public var hasBegun: Bool { flag.load(ordering: .relaxed) }

    public func run() async throws {
        try await gracefulShutdown()
        flag.store(true, ordering: .relaxed)
        await delay()
    }
}

/// `/livez`, `/readyz`, `/metrics`: on every port.
public struct HealthRoutes: Routes {
    private let drain: Drain
    private let isReady: @Sendable () async -> Bool
    private let metrics: @Sendable () -> String
    private let metricsAccess: Access

    /// - Parameters:
    ///   - metrics: all metrics in the Prometheus text format.
    ///   - metricsAccess: who may read them.
    ///   - isReady: whether what the role needs is there.
    public init(
        drain: Drain, metrics: @escaping @Sendable () -> String, metricsAccess: Access = .everybody,
        isReady: @escaping @Sendable () async -> Bool
    ) {
        self.drain = drain
        self.metrics = metrics
        self.metricsAccess = metricsAccess
        self.isReady = isReady
    }

    public func add(to router: AppRouter) {
        router.get("livez", for: .everybody) { _, _ in Self.plain(.ok, "alive\n") }
        router.get("readyz", for: .everybody) { _, _ in
            if drain.hasBegun { return Self.plain(.serviceUnavailable, "shutting down\n") }
            return await isReady() ? Self.plain(.ok, "ready\n") : Self.plain(.serviceUnavailable, "not ready\n")
        }
        router.get("metrics", for: metricsAccess) { _, _ in
            DocumentResponse(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4"], body: ByteBuffer(string: metrics()))
        }
    }

    private static func plain(_ status: HTTPResponse.Status, _ text: String) -> DocumentResponse {
        DocumentResponse(status: status, headers: [.contentType: "text/plain"], body: ByteBuffer(string: text))
    }
}
