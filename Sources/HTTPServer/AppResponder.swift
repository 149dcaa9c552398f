import Contracts
public import Hummingbird
import Logging
import NIOCore

/// Serves a port's requests as Hummingbird hands them over: all that ``DirectHandler`` leaves to it.
public struct AppResponder: HTTPResponder {
    let processing: RequestProcessing

    public func respond(to request: Request, context: ConnectionContext) async -> Response {
        let pending = processing.begin(request.head, processing.match(request.head, request.uri.path), from: context.peer)
        let (response, stream) = await document(for: request, pending)
        guard let stream else {
            let body = ResponseBody(byteBuffer: response.body)
            let whole = Response(status: response.status, headers: response.headers, body: body)
            return request.method == .head ? whole.createHeadResponse() : whole
        }
        var headers = response.headers
        // HTTPConnectionHandler knows by this header that no body follows.
        if request.method == .head { headers[.transferEncoding] = "chunked" }
        let body =
            request.method == .head ? ResponseBody { try await $0.finish(nil) } : stream.body(logger: pending.context.logger)
        return Response(status: response.status, headers: headers, body: body)
    }

    private func document(
        for request: Request, _ begun: RequestProcessing.Pending
    ) async -> (DocumentResponse, AdmittedStream?) {
        var pending = begun
        if let response = processing.preflight(pending) { return (processing.end(pending, with: .success(response)), nil) }
        do {
            let endpoint = try processing.admit(&pending)
            let deadline = RequestDeadline(isRead: endpoint.isRead, queue: endpoint.deadlines)
            if !endpoint.readsBody { deadline.begin() }
            let response = try await deadline.response { [pending] in
                let authenticated = try await processing.authenticate(pending, for: endpoint)
                var collected = CollectedRequest(head: request.head, body: ByteBuffer())
                var transfer: ConcurrencyLimiter.Transfer?
                defer { withExtendedLifetime(transfer) {} }
                if endpoint.readsBody {
                    try RequestContent.check(
                        request.headers, takesCSV: endpoint.csvBodyLimit != nil, isForm: endpoint.kind == .form)
                    if RequestContent.isCSV(request.headers) { transfer = try processing.beginTransfer() }
                    let limit = transfer == nil ? endpoint.bodyLimit : endpoint.csvBodyLimit ?? endpoint.bodyLimit
                    let body = try await request.wholeBody(limit: limit)
                    collected = CollectedRequest(head: request.head, body: body)
                    deadline.begin()
                }
                return try await processing.response(to: authenticated, at: endpoint, collected)
            }
            if response.live != nil {
                // Behind another request of its connection, which Hummingbird is still working at: too rare to be served here.
                guard request.method == .head else { throw Failure.overloaded }
                return (processing.end(pending, with: .success(response)), AdmittedStream(stream: { _ in }))
            }
            let stream = try response.stream.map { AdmittedStream(stream: $0, transfer: try processing.beginTransfer()) }
            return (processing.end(pending, with: .success(response)), stream)
        } catch {
            if let page = await processing.problemPage(error, of: pending) {
                return (processing.end(pending, with: .success(page)), nil)
            }
            return (processing.end(pending, with: .failure(error)), nil)
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

/// A response's stream that counts as one of the port's transfers while it exists.
private struct AdmittedStream: Sendable {
    let stream: ResponseStream
    /// `nil` where nothing is transferred.
    let transfer: ConcurrencyLimiter.Transfer?

    init(stream: @escaping ResponseStream, transfer: ConcurrencyLimiter.Transfer? = nil) {
        self.stream = stream
        self.transfer = transfer
    }

    /// The end of the body is only written behind its last piece. An error closes the connection instead, so that the client sees
    /// that the rest is missing.
    func body(logger: Logger) -> ResponseBody {
        ResponseBody { writer in
            do {
                try await stream { bytes in
                    do { try await writer.write(bytes) } catch { throw ClientIsGone() }
                }
                try await writer.finish(nil)
            } catch let error as ClientIsGone {
                throw error
            } catch {
                logger.warning("a response was cut off", metadata: ["error": "\(error)"])
                throw error
            }
            withExtendedLifetime(transfer) {}
        }
    }

    private struct ClientIsGone: Error {}
}
