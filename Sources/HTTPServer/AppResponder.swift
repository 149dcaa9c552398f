import Contracts
import Foundation
import HTTPTypes
public import Hummingbird
import Logging
import Metrics

/// The outermost responder of a port: names the request, responds with 404 and 405, and turns every failure into a problem document.
public struct AppResponder: HTTPResponder {
    private let responder: RouterResponder<AppRequestContext>
    private let paths: PathTable
    private let now: CurrentTime
    private let traffic: Traffic
    private let load: ConcurrencyLimiter
    /// Never refused under load, because monitoring must work then.
    private static let watchers: Set<String> = ["/livez", "/readyz", "/metrics"]

    /// - Parameters:
    ///   - role: the role whose port it is; in metrics.
    ///   - routes: all that the port serves.
    ///   - load: what the port is working at.
    init(role: String, routes: [any Routes], now: @escaping CurrentTime, load: ConcurrencyLimiter) {
        let router = Router(context: AppRequestContext.self, options: .autoGenerateHeadEndpoints)
        for routes in routes { routes.add(to: router) }
        self.paths = PathTable(routes)
        self.responder = router.buildResponder()
        self.now = now
        self.traffic = Traffic(role: role)
        self.load = load
    }

    public func respond(to request: Request, context: AppRequestContext) async -> Response {
        let start = ContinuousClock.now
        let requestId = RequestIdentifier.of(request)
        var context = context
        context.metadata = RequestMetadata(requestId: requestId, moment: now())
        context.logger[metadataKey: "requestId"] = "\(requestId)"
        context.logger[metadataKey: "hb.request.id"] = nil
        var response: Response
        do {
            response = try await respondUnderLoad(to: request, context: context)
        } catch {
            response = answer(error, requestId: requestId, request: request, logger: context.logger)
        }
        response.headers[.xRequestId] = requestId
        response.headers[.cacheControl] = request.uri.path.hasPrefix("/museums") ? "no-cache" : "no-store"
        if request.method == .head, response.body.contentLength != 0 { response = response.createHeadResponse() }
        let duration = ContinuousClock.now - start
        traffic.count(status: response.status.code, duration: duration)
        context.logger.debug(
            "request answered",
            metadata: [
                "method": "\(request.method)", "path": "\(request.uri.path)", "status": "\(response.status.code)",
                "ms": "\(duration / .milliseconds(1))",
            ])
        return response
    }

    private func respondUnderLoad(to request: Request, context: AppRequestContext) async throws -> Response {
        let isWatched = Self.watchers.contains(request.uri.path)
        if isWatched { load.show() }
        guard isWatched || load.begin() else { throw Failure.overloaded }
        defer { if !isWatched { load.end() } }
        let queue = try paths.check(request)
        try Preconditions.check(request.headers)
        let deadline = RequestDeadline(isRead: [.get, .head].contains(request.method), queue: queue)
        // The routes of these methods read the body. Their deadline begins at the end of the body.
        if ![.post, .put, .patch].contains(request.method) { deadline.begin() }
        return try await deadline.response { try await responder.respond(to: request, context: context) }
    }

    private func answer(_ error: any Error, requestId: String, request: Request, logger: Logger) -> Response {
        let error = RequestError(error)
        if case .failure(.internal(let what)) = error {
            logger.error("bug", metadata: ["what": "\(what)", "method": "\(request.method)", "path": "\(request.uri.path)"])
        }
        var response = Problem(error).response(requestId: requestId)
        if request.method == .head { response = response.createHeadResponse() }
        return response
    }
}

/// Which paths a port has, what each takes, and how long its response may take.
private struct PathTable: Sendable {
    private struct Entry: Sendable {
        let pattern: [Substring]
        let deadlines: DeadlineQueue
        var methods: [HTTPRequest.Method]
    }

    private var entries: [Entry] = []

    init(_ routes: [any Routes]) {
        var queues: [Duration: DeadlineQueue] = [:]
        for routes in routes {
            let queue = queues[routes.answerWithin] ?? DeadlineQueue(limit: routes.answerWithin)
            queues[routes.answerWithin] = queue
            let router = Router(context: AppRequestContext.self)
            routes.add(to: router)
            for route in router.routes {
                let pattern = "\(route.path)".split(separator: "/")
                let index = entries.firstIndex { $0.pattern == pattern }
                let methods = route.method == .get ? [.get, .head] : [route.method]
                if let index {
                    entries[index].methods += methods
                } else {
                    entries.append(Entry(pattern: pattern, deadlines: queue, methods: methods))
                }
            }
        }
    }

    /// - Returns: where the deadline of such a request belongs.
    func check(_ request: Request) throws(RequestError) -> DeadlineQueue {
        let target = request.uri.path
        let path = target == "/" ? [] : target.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        // Neither /museums/ nor //museums is /museums: an empty segment is a segment (RFC 3986, 3.3).
        guard path.allSatisfy({ !$0.isEmpty }) else { throw .unknownPath }
        // No id has a slash in it; written as %2F it must not look like one where it is decoded later.
        guard !path.contains(where: { $0.lowercased().contains("%2f") }) else { throw .unknownPath }
        // A literal path is named before one with an id in it: /museums/{id} does not respond for the other.
        let fitting = entries.filter { entry in
            entry.pattern.count == path.count
                && zip(entry.pattern, path).allSatisfy { $0.hasPrefix("{") || $0.hasPrefix(":") || $0 == $1 }
        }
        guard !fitting.isEmpty else { throw .unknownPath }
        if let entry = fitting.first(where: { $0.methods.contains(request.method) }) { return entry.deadlines }
        throw .methodNotAllowed(allowed: Set(fitting.flatMap { $0.methods.map(\.rawValue) }).sorted())
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
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Requests of one role: how many, with which status, how long.
private struct Traffic: Sendable {
    private let role: String
    private let duration: Metrics.Timer

    init(role: String) {
        self.role = role
        self.duration = Timer(label: "skmuseum_\(role)_request_duration_seconds")
    }

    func count(status: Int, duration: Duration) {
        Counter(label: "skmuseum_\(role)_requests_total", dimensions: [("status", String(status))]).increment()
        self.duration.recordNanoseconds(Int64(duration / .nanoseconds(1)))
    }
}

extension HTTPField.Name {
    public static let xRequestId = HTTPField.Name("X-Request-Id")!
    public static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    public static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed")!
}
