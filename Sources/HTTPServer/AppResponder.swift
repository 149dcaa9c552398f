public import Hummingbird
import NIOCore

/// Serves a port's requests as Hummingbird hands them over: all that ``DirectHandler`` leaves to it.
public struct AppResponder: HTTPResponder {
    let processing: RequestProcessing

    public func respond(to request: Request, context: ConnectionContext) async -> Response {
        let response = await document(for: request, from: context.peer)
        let whole = Response(status: response.status, headers: response.headers, body: ResponseBody(byteBuffer: response.body))
        return request.method == .head ? whole.createHeadResponse() : whole
    }

    private func document(for request: Request, from peer: SocketAddress?) async -> DocumentResponse {
        var pending = processing.begin(request.head, processing.paths.match(request.method, request.uri.path), from: peer)
        if let response = processing.preflight(pending) { return processing.end(pending, with: .success(response)) }
        do {
            let endpoint = try processing.admit(&pending)
            let deadline = RequestDeadline(isRead: endpoint.isRead, queue: endpoint.deadlines)
            if !endpoint.readsBody { deadline.begin() }
            let response = try await deadline.response { [pending] in
                let authenticated = try await processing.authenticate(pending, for: endpoint)
                var collected = CollectedRequest(head: request.head, body: ByteBuffer())
                if endpoint.readsBody {
                    try RequestContent.check(request.headers)
                    let body = try await request.wholeBody(limit: endpoint.bodyLimit)
                    collected = CollectedRequest(head: request.head, body: body)
                    deadline.begin()
                }
                return try await processing.response(to: authenticated, at: endpoint, collected)
            }
            return processing.end(pending, with: .success(response))
        } catch {
            return processing.end(pending, with: .failure(error))
        }
    }
}

/// What Hummingbird keeps of a request's connection.
public struct ConnectionContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    let peer: SocketAddress?

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress
    }
}
