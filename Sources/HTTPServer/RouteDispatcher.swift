import Contracts
public import HTTPTypes
import HummingbirdCore
import Logging
public import NIOCore

/// Sends requests to routes of this process as if they had come over a connection, on behalf of the sender of another request: the
/// same access rules, the same responses, without a socket.
public struct RouteDispatcher: Sendable {
    private let paths: PathTable
    private let policy: AccessPolicy

    /// - Parameters:
    ///   - routes: those that may be asked.
    ///   - policy: whom they let in. The sender's address has been counted with the request that came over the connection.
    public init(_ routes: [any Routes], policy: AccessPolicy) {
        paths = PathTable(routes)
        var policy = policy
        policy.rateLimiter = policy.rateLimiter.map(SubjectRateLimit.init)
        self.policy = policy
    }

    /// - Parameters:
    ///   - target: path and query.
    ///   - headers: of the request, besides those that say who sends it.
    ///   - cookie: in place of the sender's, where it has just been given another.
    ///   - request: the request on whose behalf it is sent.
    /// - Returns: the response, also where it is a problem document.
    public func send(
        _ method: HTTPRequest.Method, _ target: String, headers: HTTPFields = [:], body: ByteBuffer = ByteBuffer(),
        cookie: String? = nil, for request: CollectedRequest, _ context: AppRequestContext
    ) async -> DocumentResponse {
        var fields = headers
        for name in [HTTPField.Name.authorization, .origin, .xRequestId] { fields[name] = request.headers[name] }
        fields[.cookie] = cookie ?? request.headers[.cookie]
        let head = HTTPRequest(
            method: method, scheme: request.head.scheme, authority: request.authority, path: target, headerFields: fields)
        let collected = CollectedRequest(head: head, body: body)
        let match = paths.match(method, collected.uri.path)
        var context = context.forwarded(pathID: match.id)
        do {
            let endpoint = try match.endpoint.get()
            context.authentication = try await policy.authenticate(head, from: context.client, for: endpoint.access)
            return try await endpoint.handler(collected, context)
        } catch {
            let error = RequestError(error)
            if case .failure(.internal(let what)) = error {
                context.logger.error("bug", metadata: ["what": "\(what)", "method": "\(method)", "path": "\(match.path)"])
            }
            return Problem(error).response(requestId: context.metadata.requestId ?? "")
        }
    }
}

private struct SubjectRateLimit: RateLimiting {
    let base: any RateLimiting

    func check(address: String) async throws(RequestError) {}
    func check(subject: String, role: AccessRole) async throws(RequestError) {
        try await base.check(subject: subject, role: role)
    }
}
