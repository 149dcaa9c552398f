public import HTTPServer
public import Platform
import Contracts
import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// A service in another process, as the gateway shows it. Requests are taken apart and written anew: only what is known
/// here goes through.
public struct ProxyRoutes: Routes {
    private let service: ProxiedResource
    private let upstream: Upstream
    private let outage: OutageLog

    public var answerWithin: Duration { RequestDeadline.forwarded }
    private static let bodyLimit = 16 << 10

    public init(_ service: ProxiedResource, upstream: Upstream) {
        self.service = service
        self.upstream = upstream
        outage = OutageLog(of: service.path)
    }

    public func add(to router: Router<AppRequestContext>) {
        for method in service.collectionMethods {
            router.on("\(service.path)", method: method) { try await forward($0, $1, path: "/" + service.path) }
        }
        for method in service.memberMethods {
            router.on("\(service.path)/{id}", method: method) { request, context in
                let id = try context.id({ service.isID($0) ? $0 : nil }, orElse: service.unknown)
                return try await forward(request, context, path: "/\(service.path)/\(id)")
            }
        }
    }

    private func forward(_ request: Request, _ context: AppRequestContext, path: String) async throws -> Response {
        RequestDeadline.current?.respondsAtEnd(with: .upstreamTimeout(service.name))
        let hasBody = [.post, .put, .patch].contains(request.method)
        let body = hasBody ? try await request.wholeBody(limit: Self.bodyLimit) : nil
        var headers = ForwardedHeaders.request(request.headers)
        headers.replaceOrAdd(name: "X-Request-Id", value: context.metadata.requestId ?? "")
        // Hummingbird cuts the body off itself where HEAD was asked.
        let method: HTTPRequest.Method = request.method == .head ? .get : request.method
        var repetition: Upstream.Repetition = [.get, .put, .delete].contains(method) ? .byUpstream : .never
        var hasOwnKey = false
        if service == .books, request.method == .post {
            // Under a key a booking may be sent again; a client that sent none gets one for this request alone.
            hasOwnKey = !headers.contains(name: "Idempotency-Key")
            if hasOwnKey { headers.add(name: "Idempotency-Key", value: RequestIdentifier.make() + RequestIdentifier.make()) }
            repetition = .byUpstream
        }
        // Under a key an exhibition is registered once, however often that is sent.
        if service == .museums, request.method == .post, headers.contains(name: "Idempotency-Key") { repetition = .byUpstream }
        let query = request.uri.query.map { "?" + $0 } ?? ""
        let answer: UpstreamResponse
        do throws(Upstream.Fault) {
            answer = try await upstream.send(
                HTTPMethod(rawValue: method.rawValue), path + query, headers: headers, body: body,
                repetition: repetition, deadline: RequestDeadline.current?.instant ?? .now + answerWithin)
            outage.succeeded(logger: context.logger)
        } catch {
            outage.failed("\(error)", logger: context.logger)
            throw error == .noResponse(timedOut: true)
                ? RequestError.upstreamTimeout(service.name) : RequestError.badUpstream(service.name, wasSent: error != .notSent)
        }
        // Another process may still be doing what this one refuses: what became of it only the same key tells.
        if method != .get, answer.followsUnansweredRequest, answer.status == 503 || method == .post && answer.status >= 400 {
            throw RequestError.badUpstream(service.name, wasSent: true)
        }
        var answered = ForwardedHeaders.response(answer.headers)
        if hasOwnKey { answered[.idempotentReplayed] = nil }
        return Response(
            status: .init(code: answer.status), headers: answered, body: ResponseBody(byteBuffer: answer.body))
    }
}

/// Which headers pass the gateway: those that the services know, and no other.
enum ForwardedHeaders {
    private static let asked: [HTTPField.Name] = [.accept, .contentType, .contentEncoding, .idempotencyKey]
    private static let answered = [
        "Content-Type", "Location", "Retry-After", "Cache-Control", "Allow", "Idempotent-Replayed", "Vary", "Accept",
        "Accept-Encoding",
    ]

    static func request(_ fields: HTTPFields) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for name in asked {
            // All values of a repeated header go on, so that the service refuses what it would refuse itself.
            for value in fields[values: name] { headers.add(name: name.rawName, value: value) }
        }
        return headers
    }

    static func response(_ headers: HTTPHeaders) -> HTTPFields {
        var fields = HTTPFields()
        for name in answered {
            if let value = headers.first(name: name), let field = HTTPField.Name(name) { fields[field] = value }
        }
        return fields
    }
}
