import Contracts
import HTTPTypes
public import Hummingbird
import Logging

/// The outermost responder of a port: names the request, responds with 404 and 405, and turns every failure into a problem document.
public struct AppResponder: HTTPResponder {
    private let paths: PathTable
    private let now: CurrentTime
    private let metrics: RequestMetrics
    private let tracing: RequestTracing
    private let load: ConcurrencyLimiter

    /// - Parameters:
    ///   - role: the role whose port it is; in metrics.
    ///   - routes: all that the port serves.
    ///   - load: what the port is working at.
    init(role: String, routes: [any Routes], now: @escaping CurrentTime, load: ConcurrencyLimiter) {
        self.paths = PathTable(routes)
        self.now = now
        self.metrics = RequestMetrics(service: role)
        self.tracing = RequestTracing(service: role)
        self.load = load
    }

    public func respond(to request: Request, context: AppRequestContext) async -> Response {
        let match = paths.match(request.method, request.uri.path)
        guard !match.isWatched else {
            return await respond(to: request, match, traceparent: nil, context: context)
        }
        return await tracing.span(of: request, match) { traceparent in
            await respond(to: request, match, traceparent: traceparent, context: context)
        }
    }

    private func respond(
        to request: Request, _ match: PathTable.Match, traceparent: String?, context: AppRequestContext
    ) async -> Response {
        let start = ContinuousClock.now
        let requestId = RequestIdentifier.of(request)
        var context = context
        context.pathID = match.id
        context.metadata = RequestMetadata(requestId: requestId, traceparent: traceparent, moment: now())
        var response: Response
        do {
            response = try await respondUnderLoad(to: request, match, context: context)
        } catch {
            response = answer(error, requestId: requestId, request: request, context: context)
        }
        response.headers[.xRequestId] = requestId
        response.headers[.cacheControl] = match.path.hasPrefix("/museums") ? "no-cache" : "no-store"
        if request.method == .head, response.body.contentLength != 0 { response = response.createHeadResponse() }
        let duration = ContinuousClock.now - start
        metrics.count(request.method, route: match.route, status: response.status.code, duration: duration)
        if context.logs(.debug) {
            context.logger.debug(
                "request answered",
                metadata: [
                    "method": "\(request.method)", "path": "\(match.path)", "status": "\(response.status.code)",
                    "ms": "\(duration / .milliseconds(1))",
                ])
        }
        return response
    }

    private func respondUnderLoad(
        to request: Request, _ match: PathTable.Match, context: AppRequestContext
    ) async throws -> Response {
        if match.isWatched { load.show() }
        guard match.isWatched || load.begin() else { throw Failure.overloaded }
        defer { if !match.isWatched { load.end() } }
        let endpoint = try match.endpoint.get()
        try Preconditions.check(request.headers)
        let deadline = RequestDeadline(isRead: [.get, .head].contains(request.method), queue: endpoint.deadlines)
        // The routes of these methods read the body. Their deadline begins at the end of the body.
        if ![.post, .put, .patch].contains(request.method) { deadline.begin() }
        return try await deadline.response { try await endpoint.handler(request, context) }
    }

    private func answer(_ error: any Error, requestId: String, request: Request, context: AppRequestContext) -> Response {
        let error = RequestError(error)
        if case .failure(.internal(let what)) = error {
            context.logger.error(
                "bug", metadata: ["what": "\(what)", "method": "\(request.method)", "path": "\(request.uri.path)"])
        }
        var response = Problem(error).response(requestId: requestId)
        if request.method == .head { response = response.createHeadResponse() }
        return response
    }
}

/// The id by which a request is known in every log line and in the event it causes.
public enum RequestIdentifier {
    /// The client's `X-Request-Id` if it is 1 to 128 visible ASCII characters, else a new one.
    static func of(_ request: Request) -> String {
        if let given = request.headers[.xRequestId], (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        {
            return given
        }
        return make()
    }

    /// 16 hexadecimal digits at random.
    public static func make() -> String {
        var rest = UInt64.random(in: .min ... .max)
        return String(unsafeUninitializedCapacity: 16) { bytes in
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: rest) & 0x0F
                bytes[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                rest >>= 4
            }
            return 16
        }
    }
}

extension HTTPField.Name {
    public static let xRequestId = HTTPField.Name("X-Request-Id")!
    public static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    /// Between the gateway and Book only.
    public static let idempotencyKeyNew = HTTPField.Name("Idempotency-Key-New")!
    public static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed")!
}
