import Contracts
import HTTPServer
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import Platform

/// The use case of the gateway: it forwards a request to a service in another process and returns its response.
struct ProxyService: Sendable {
    let resource: ProxiedResource
    private let upstream: Upstream
    private let outages: OutageLog

    init(_ resource: ProxiedResource, upstream: Upstream) {
        self.resource = resource
        self.upstream = upstream
        outages = OutageLog(of: resource.path)
    }

    /// A request to forward. Its headers are those that pass the gateway.
    struct ForwardedRequest: Sendable {
        let method: HTTPRequest.Method
        /// With the query.
        let path: String
        var headers: HTTPHeaders
        let body: ByteBuffer?
        /// The media type of a response that is passed on as a stream.
        let streamedType: String?
    }

    func forward(
        _ request: ForwardedRequest, before deadline: ContinuousClock.Instant, logger: Logger
    ) async throws(RequestError) -> (response: UpstreamResponse, headers: HTTPFields) {
        var request = request
        var repetition: Upstream.Repetition = [.get, .put, .delete].contains(request.method) ? .byUpstream : .never
        var hasOwnKey = false
        if resource == .books, request.method == .post {
            // With a key a booking may be sent again. A client that sent none gets one for this request alone.
            hasOwnKey = !request.headers.contains(name: "Idempotency-Key")
            if hasOwnKey {
                request.headers.add(name: "Idempotency-Key", value: RequestIdentifier.make() + RequestIdentifier.make())
                request.headers.add(name: HTTPField.Name.idempotencyKeyNew.rawName, value: "1")
            }
            repetition = .byUpstream
        }
        // With a key an exhibition is registered once, however often the request is sent.
        if resource == .museums, request.method == .post, request.headers.contains(name: "Idempotency-Key") {
            repetition = .byUpstream
        }
        let response: UpstreamResponse
        do throws(Upstream.Fault) {
            response = try await upstream.send(
                HTTPMethod(rawValue: request.method.rawValue), request.path, headers: request.headers, body: request.body,
                repetition: repetition, streamedType: request.streamedType, deadline: deadline)
            outages.succeeded(logger: logger)
        } catch {
            outages.failed("\(error)", logger: logger)
            throw error == .noResponse(timedOut: true)
                ? .upstreamTimeout(resource.name) : .badUpstream(resource.name, wasSent: error != .notSent)
        }
        // Another process may still apply what this one refuses: a refusal after an unanswered request leaves the outcome unknown.
        let isRefusal = response.status == 503 || request.method == .post && response.status >= 400
        if request.method != .get, response.followsUnansweredRequest, isRefusal {
            throw .badUpstream(resource.name, wasSent: true)
        }
        var headers = ForwardedHeaders.response(response.headers)
        if hasOwnKey { headers[.idempotentReplayed] = nil }
        return (response, headers)
    }
}
