import Contracts
public import HTTPTypes
import Logging
import NIOCore
import ServiceContextModule

/// What is done for each request of a port, whoever reads it and writes its response: ``AppResponder`` or ``DirectHandler``.
struct RequestProcessing: Sendable {
    let paths: PathTable
    private let now: CurrentTime
    private let metrics: RequestMetrics
    private let tracing: RequestTracing
    private let policy: AccessPolicy
    private let load: ConcurrencyLimiter
    private let problemPages: (any ProblemPages)?
    private let logger: Logger

    /// - Parameters:
    ///   - role: the role whose port it is; in metrics.
    ///   - routes: all that the port serves.
    ///   - policy: whom the port lets in.
    ///   - load: what the port is working at.
    ///   - problemPages: shows errors to people; `nil` where the port has no pages.
    init(
        role: String, routes: [any Routes], policy: AccessPolicy, now: @escaping CurrentTime, load: ConcurrencyLimiter,
        problemPages: (any ProblemPages)? = nil, logger: Logger
    ) {
        self.paths = PathTable(routes)
        self.now = now
        self.metrics = RequestMetrics(service: role)
        self.tracing = RequestTracing(service: role)
        self.policy = policy
        self.load = load
        self.problemPages = problemPages
        self.logger = logger
    }

    /// What a request's path and method, and where the path has a page its `Accept`, lead to.
    func match(_ head: HTTPRequest, _ path: String) -> PathTable.Match {
        paths.match(head.method, path, prefersPage: ContentNegotiation.prefersHTML(head.headerFields))
    }

    /// A request that has no response yet.
    struct Pending: Sendable {
        let head: HTTPRequest
        let match: PathTable.Match
        fileprivate(set) var context: AppRequestContext
        fileprivate let requestId: String
        fileprivate let start = ContinuousClock.now
        fileprivate let span: RequestSpan?
        /// Whether the port counts it as one that it is working at.
        fileprivate var isAdmitted = false
    }

    /// Names the request.
    /// - Parameter peer: who has sent it to this process.
    func begin(_ head: HTTPRequest, _ match: PathTable.Match, from peer: SocketAddress?) -> Pending {
        let requestId = RequestIdentifier.of(head.headerFields)
        let span = match.isWatched ? nil : tracing.begin(head, match)
        let metadata = RequestMetadata(requestId: requestId, traceparent: span?.traceparent, moment: now())
        return Pending(
            head: head, match: match,
            context: AppRequestContext(
                metadata: metadata,
                client: ClientAddress(
                    peer: peer, fields: head.headerFields, trustedProxies: policy.trustedProxies),
                pathID: match.id, logger: logger),
            requestId: requestId, span: span)
    }

    /// Admits the request unless the port is overloaded, the host or the path unknown, or a precondition not met.
    func admit(_ request: inout Pending) throws -> PathTable.Endpoint {
        if request.match.isWatched {
            load.show()
        } else {
            guard load.begin() else { throw Failure.overloaded }
            request.isAdmitted = true
        }
        try policy.checkHost(request.head)
        let endpoint = try request.match.endpoint.get()
        try Preconditions.check(request.head.headerFields)
        return endpoint
    }

    /// The response to a browser that asks whether a page of another site may send a request.
    func preflight(_ request: Pending) -> DocumentResponse? {
        guard let crossOrigin = policy.crossOrigin, case .failure(.methodNotAllowed(let methods)) = request.match.endpoint
        else { return nil }
        return crossOrigin.preflight(request.head, methods: methods)
    }

    /// Finds out who sends the request.
    /// - Throws: where the endpoint does not accept it.
    func authenticate(_ request: Pending, for endpoint: PathTable.Endpoint) async throws(RequestError) -> Pending {
        var request = request
        if request.match.isWatched, case .everybody = endpoint.access { return request }
        request.context.authentication = try await policy.authenticate(
            request.head, from: request.context.client, for: endpoint.access)
        return request
    }

    /// Admits a body that is streamed, or a large one that is read.
    func beginTransfer() throws -> ConcurrencyLimiter.Transfer { try load.beginTransfer().orThrow(.overloaded) }

    /// The response of the request's route, in the request's trace.
    func response(to request: Pending, at endpoint: PathTable.Endpoint, _ collected: CollectedRequest) async throws
        -> DocumentResponse
    {
        guard let span = request.span else { return try await endpoint.handler(collected, request.context) }
        return try await ServiceContext.$current.withValue(span.context) {
            try await endpoint.handler(collected, request.context)
        }
    }

    /// Counts and logs the request.
    /// - Returns: the response to send: the route's, or a problem document.
    func end(_ request: Pending, with result: Result<DocumentResponse, any Error>) -> DocumentResponse {
        if request.isAdmitted { load.end() }
        var response: DocumentResponse
        switch result {
        case .success(let success): response = success
        case .failure(let error): response = problem(error, of: request)
        }
        response.headers[.xRequestId] = request.requestId
        // Documents that are the same for everybody say so themselves.
        if response.headers[.cacheControl] == nil {
            response.headers[.cacheControl] = request.match.path.hasPrefix("/museums") ? "no-cache" : "no-store"
        }
        // RFC 9110, 8.6: 204 has none.
        if response.status != .noContent, response.stream == nil, response.live == nil {
            response.headers[.contentLength] = String(response.body.readableBytes)
        }
        policy.crossOrigin?.mark(&response, to: request.head)
        let duration = ContinuousClock.now - request.start
        metrics.count(request.head.method, route: request.match.route, status: response.status.code, duration: duration)
        if request.context.logs(.debug) {
            request.context.logger.debug(
                "request answered",
                metadata: [
                    "method": "\(request.head.method)", "path": "\(request.match.path)", "status": "\(response.status.code)",
                    "ms": "\(duration / .milliseconds(1))",
                ])
        }
        request.span?.end(response.status)
        return response
    }

    private func problem(_ error: any Error, of request: Pending) -> DocumentResponse {
        let error = RequestError(error)
        if case .failure(.internal(let what)) = error {
            request.context.logger.error(
                "bug", metadata: ["what": "\(what)", "method": "\(request.head.method)", "path": "\(request.match.path)"])
        }
        return Problem(error).response(requestId: request.requestId)
    }

    /// An error as people see it; `nil` where a program has asked, or the server has a bug to log.
    func problemPage(_ error: any Error, of request: Pending) async -> DocumentResponse? {
        let error = RequestError(error)
        if case .failure(.internal) = error { return nil }
        guard let problemPages, request.match.isForPeople,
            request.match.route != nil || ContentNegotiation.prefersHTML(request.head.headerFields)
        else { return nil }
        let problem = Problem(error)
        return await problemPages.page(
            ProblemReport(type: problem.type, detail: problem.detail, requestId: request.requestId, headers: problem.headers),
            for: CollectedRequest(head: request.head, body: ByteBuffer()), request.context)
    }
}

/// The id by which a request is known in every log line and in the event it causes.
public enum RequestIdentifier {
    /// The client's `X-Request-Id` if it is 1 to 128 visible ASCII characters, else a new one.
    static func of(_ headers: HTTPFields) -> String {
        if let given = headers[.xRequestId], (1...128).contains(given.utf8.count),
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
