import Contracts
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Serves the routes whose request and response are one small document each, on the connection's event loop. Hummingbird would
/// take a third of such a request's CPU for its streams, and two changes of thread. Everything else is passed on to it:
/// other routes, bodies without a length, and requests behind one that it is still responding to.
final class DirectHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        case idle
        /// Hummingbird reads the request.
        case passing
        case collecting(HTTPRequest, PathTable.Match, PathTable.Endpoint, body: ByteBuffer)
        case responding(RequestDeadline?)
        case live(LiveWatcher, any LiveStream)
    }

    private let processing: RequestProcessing
    private var state = State.idle
    /// Requests that Hummingbird has got and not responded to.
    private var passedOn = 0
    /// What has arrived while this handler was responding.
    private var queue = CircularBuffer<HTTPRequestPart>()
    private var isReadDue = false
    /// Whether the client has ended its side of the connection while this handler was responding.
    private var isInputClosed = false
    private var isHandlingQueue = false
    private let date = HTTPDate()
    private var executor: EventLoopTaskExecutor?

    private var isResponding: Bool {
        switch state {
        case .responding, .live: true
        default: false
        }
    }

    init(_ processing: RequestProcessing) { self.processing = processing }

    func handlerAdded(context: ChannelHandlerContext) { executor = EventLoopTaskExecutor.of(context.eventLoop) }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isResponding { return queue.append(part) }
        handle(part, context)
    }

    private func handle(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (state, part) {
        case (.idle, .head(let head)):
            guard passedOn == 0, let (match, endpoint) = direct(head) else {
                passedOn += 1
                state = .passing
                return context.fireChannelRead(wrapInboundOut(part))
            }
            state = .collecting(head, match, endpoint, body: ByteBuffer())
        case (.collecting(let head, let match, let endpoint, var body), .body(var bytes)):
            // Most bodies are in one piece.
            if body.readableBytes == 0 { body = bytes } else { body.writeBuffer(&bytes) }
            state = .collecting(head, match, endpoint, body: body)
        case (.collecting(let head, let match, let endpoint, let body), .end):
            respond(to: CollectedRequest(head: head, body: body), match, endpoint, context)
        case (_, .end):
            state = .idle
            context.fireChannelRead(wrapInboundOut(part))
        default: context.fireChannelRead(wrapInboundOut(part))
        }
    }

    /// The endpoint of a request that this handler serves.
    private func direct(_ head: HTTPRequest) -> (PathTable.Match, PathTable.Endpoint)? {
        guard let target = head.path else { return nil }
        let path = target.utf8.firstIndex(of: UInt8(ascii: "?")).map { String(target[..<$0]) } ?? target
        let match = processing.match(head, path)
        // Of the routes with a query, only those that can't be served elsewhere.
        if path.utf8.count < target.utf8.count {
            guard case .success(let endpoint) = match.endpoint, endpoint.kind == .live else { return nil }
        }
        guard case .success(let endpoint) = match.endpoint, endpoint.isDirect, head.method != .head else { return nil }
        // The parser passes on no more than that. A body without a length, or one that nobody reads, is Hummingbird's.
        guard head.headerFields[.transferEncoding] == nil else { return nil }
        // What is refused for its media type is refused before its body is read.
        if endpoint.readsBody, (try? RequestContent.check(head.headerFields)) == nil { return nil }
        let length = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
        return length <= (endpoint.readsBody ? endpoint.bodyLimit : 0) ? (match, endpoint) : nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .collecting(let head, let match, _, _) = state else { return context.fireErrorCaught(error) }
        // The body ends before its length.
        state = .responding(nil)
        var pending = processing.begin(head, match, from: context.remoteAddress)
        let result = Result { () throws -> DocumentResponse in
            _ = try processing.admit(&pending)
            throw RequestError.bodyIsIncomplete
        }
        write(processing.end(pending, with: result), context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Hummingbird would close the connection, since it knows of no request.
        if case .live = state, case .inputClosed? = event as? ChannelEvent { return context.close(promise: nil) }
        if isResponding, case .inputClosed? = event as? ChannelEvent { return isInputClosed = true }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch state {
        case .responding(let deadline): deadline?.cancel()
        case .live(let watcher, let stream):
            watcher.close()
            stream.end(watcher)
            state = .idle
        default: break
        }
        context.fireChannelInactive()
    }

    // MARK: Responses

    private func respond(
        to request: CollectedRequest, _ match: PathTable.Match, _ endpoint: PathTable.Endpoint, _ context: ChannelHandlerContext
    ) {
        let deadline = RequestDeadline(isRead: endpoint.isRead, queue: endpoint.deadlines)
        state = .responding(deadline)
        var pending = processing.begin(request.head, match, from: context.remoteAddress)
        do {
            _ = try processing.admit(&pending)
        } catch {
            return write(processing.end(pending, with: .failure(error)), context)
        }
        deadline.begin()
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: eventLoop)
        deadline.run(
            { [processing, pending] in
                let authenticated = try await processing.authenticate(pending, for: endpoint)
                return try await processing.response(to: authenticated, at: endpoint, request)
            }, on: executor
        ) { [processing, pending] result in
            let response = processing.end(pending, with: result)
            // Only where the deadline has passed is it another thread.
            if eventLoop.inEventLoop {
                bound.value.handler.write(response, bound.value.context)
            } else {
                eventLoop.execute { bound.value.handler.write(response, bound.value.context) }
            }
        }
    }

    private func write(_ response: DocumentResponse, _ context: ChannelHandlerContext) {
        var headers = response.headers
        headers[.date] = date.text()
        context.write(wrapOutboundOut(.head(HTTPResponse(status: response.status, headerFields: headers))), promise: nil)
        if let live = response.live { return begin(live, context) }
        if response.body.readableBytes > 0 { context.write(wrapOutboundOut(.body(response.body)), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        state = .idle
        // A response may be written while its request is being handled, and each request of the queue would be handled within
        // the one before.
        if !isHandlingQueue { handleQueue(context) }
    }

    /// Goes on with a response until the client or the stream ends it.
    private func begin(_ stream: any LiveStream, _ context: ChannelHandlerContext) {
        let watcher = LiveWatcher(topic: stream.topic, on: context.eventLoop) { [self] bytes in
            guard context.channel.isWritable else { return false }
            context.writeAndFlush(wrapOutboundOut(.body(bytes)), promise: nil)
            return true
        } end: { [self] isWhole in
            guard case .live(let watcher, let stream) = state else { return }
            stream.end(watcher)
            state = .idle
            guard isWhole else { return context.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            handleQueue(context)
        }
        state = .live(watcher, stream)
        context.flush()
        guard context.channel.isActive else { return }
        stream.begin(watcher)
    }

    private func handleQueue(_ context: ChannelHandlerContext) {
        if !queue.isEmpty {
            isHandlingQueue = true
            while case .some = queue.first, !isResponding { handle(queue.removeFirst(), context) }
            isHandlingQueue = false
            // Hummingbird looks at what it was passed when a read is complete, and the read of these parts was complete before.
            context.fireChannelReadComplete()
        }
        if isResponding { return }
        if isInputClosed {
            isInputClosed = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        if isReadDue {
            isReadDue = false
            context.read()
        }
    }

    // MARK: Outbound

    func read(context: ChannelHandlerContext) {
        // A client that sends on without reading its responses is not read from.
        if isResponding, !queue.isEmpty { isReadDue = true } else { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { passedOn -= 1 }
        context.write(data, promise: promise)
    }
}
