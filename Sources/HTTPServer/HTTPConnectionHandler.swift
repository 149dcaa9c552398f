import Contracts
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Manages one connection. It responds to what never becomes a request: a head that can't be parsed, is too large or does not
/// arrive, and a body that does not arrive in time. It closes a connection whose client does not read its responses, or whose
/// streamed response takes too long. After a
/// response with `Connection: close` it closes the connection, whatever the client still sends. When the process is told to stop,
/// the response to the last request that has arrived is such a response.
final class HTTPConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a closing connection is still read from, so that the last response reaches a client that is still sending.
    static let closeDelay = TimeAmount.milliseconds(500)
    /// How long a new connection whose request has not arrived yet stays open when the port closes.
    static let firstRequestDelay = TimeAmount.milliseconds(100)

    private let limiter: ConnectionLimiter
    private let load: ConcurrencyLimiter
    private let drain: Drain

    /// Requests whose response has not been written completely.
    private var pendingResponses = 0
    private var isBodyPending = false
    private var bodyLength = 0
    private var isResponding = false
    /// While a response without a length is being written; it closes the connection.
    private var streamTimer: Scheduled<Void>?
    /// Whether the response being written is to HEAD and has no length. Its end must not become the end of a chunked body.
    private var isHeadOnly = false
    private var hasReceivedRequest = false
    /// How many responses are written before the connection closes; `nil`: no limit.
    private var responsesLeft: Int?
    private var isClosing = false
    /// The error to respond with once the responses to earlier requests are written.
    private var finalError: RequestError?
    private var isCountedAsUnread = false
    private var timeouts = ClientTimeouts()
    /// Since when the connection has been without a request.
    private var idleSince = NIODeadline.now()
    private var idleTimer: Scheduled<Void>?

    init(_ limiter: ConnectionLimiter, load: ConcurrencyLimiter, drain: Drain) {
        self.limiter = limiter
        self.load = load
        self.drain = drain
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Hummingbird adds this handler behind its own; the other three belong in front of them.
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(ConnectionLimitHandler(limiter) { self.bytesArrive(context) }, position: .first)
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let requestLine = RequestLineHandler()
            try pipeline.addHandler(requestLine, position: .before(parser))
            let validation = RequestValidationHandler(requestLine) { self.isClosing || self.pendingResponses > 0 }
            try pipeline.addHandler(validation, position: .after(parser))
        } catch {
            preconditionFailure("Hummingbird's pipeline has changed: \(error)")
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timeouts.cancel()
        idleTimer?.cancel()
        streamTimer?.cancel()
        countAsUnread(false)
    }

    // MARK: Inbound

    func channelActive(context: ChannelHandlerContext) {
        startTimeout(for: .head, context)
        idleSince = .now()
        startIdleTimer(context)
        context.fireChannelActive()
    }

    private func bytesArrive(_ context: ChannelHandlerContext) {
        if !isClosing, !isBodyPending { startTimeout(for: .head, context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isClosing || finalError != nil { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            pendingResponses += 1
            hasReceivedRequest = true
            isBodyPending = true
            bodyLength = 0
            timeouts.stop(for: .head)
            startTimeout(for: .body, context)
            if head.headerFields[.connection].map(Self.requestsClose) ?? false { responsesLeft = pendingResponses }
        case .body(let bytes):
            bodyLength += bytes.readableBytes
            if pendingResponses == 0, bodyLength > HTTPServerLimits.bodyAfterAnswer { return close(context) }
        case .end:
            isBodyPending = false
            timeouts.stop(for: .body)
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most bodies arrive together with their heads and are never counted.
        countAsUnread(isBodyPending)
        context.fireChannelReadComplete()
    }

    private func countAsUnread(_ isDue: Bool) {
        guard isDue != isCountedAsUnread else { return }
        isCountedAsUnread = isDue
        if isDue { load.bodyIsDue() } else { load.bodyIsRead() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Hummingbird would close the connection right after the response, whatever the client is still sending.
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        guard !isClosing else { return }
        if pendingResponses > 0 {
            responsesLeft = min(responsesLeft ?? pendingResponses, pendingResponses)
            context.eventLoop.assumeIsolated().scheduleTask(in: HTTPServerLimits.lastResponseWithin) {
                if !self.isClosing { context.close(promise: nil) }
            }
        } else if hasReceivedRequest {
            context.close(promise: nil)
        } else {
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.firstRequestDelay) {
                if !self.isClosing, !self.hasReceivedRequest { context.close(promise: nil) }
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isClosing else { return context.fireErrorCaught(error) }
        let failure: RequestError
        switch error {
        case HTTPParserError.headerOverflow: failure = .headerTooLarge
        case let error as HTTPParserError: failure = .malformedRequest("\(error)")
        case let error as RequestValidationHandler.Violation: failure = .malformedRequest(error.what)
        default: return context.fireErrorCaught(error)
        }
        if isBodyPending {
            // The request's route reads the body: it responds, and no further response follows.
            responsesLeft = pendingResponses
            return pendingResponses == 0 ? close(context) : context.fireErrorCaught(error)
        }
        endConnection(context, with: failure)
    }

    // MARK: Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.succeed()
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            isResponding = true
            isHeadOnly = head.headerFields[.transferEncoding] != nil
            let isLive = head.headerFields[.contentType] == DocumentResponse.eventStream
            if head.headerFields[.contentLength] == nil, !isHeadOnly, !isLive { startStreamTimer(context) }
            if head.headerFields[.connection].map(Self.requestsClose) ?? false { responsesLeft = 1 }
            if drain.hasBegun, responsesLeft == nil { responsesLeft = pendingResponses }
            guard responsesLeft == 1 else { return context.write(data, promise: promise) }
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            isResponding = false
            streamTimer?.cancel()
            streamTimer = nil
            pendingResponses -= 1
            if pendingResponses == 0 { idleSince = .now() }
            context.write(isHeadOnly ? wrapOutboundOut(.body(ByteBuffer())) : data, promise: promise)
            if let left = responsesLeft { responsesLeft = left - 1 }
            // A live stream that ends because the port closes.
            if drain.hasBegun, responsesLeft == nil, pendingResponses == 0 { responsesLeft = 0 }
            if responsesLeft == 0 { return close(context) }
            if pendingResponses == 0, let finalError { respondAndClose(context, with: finalError) }
        }
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        if isClosing { return }
        if Self.hasUnsentBytes(context) { startTimeout(for: .reading, context) } else { timeouts.stop(for: .reading) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // The client has read some of a stream. There are always unsent bytes while the stream is ahead of its client.
        if streamTimer != nil, context.channel.isWritable { timeouts.stop(for: .reading) }
        context.fireChannelWritabilityChanged()
    }

    private static func hasUnsentBytes(_ context: ChannelHandlerContext) -> Bool {
        // A closed channel has no unsent bytes.
        ((try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0) > 0
    }

    private static func requestsClose(_ connection: String) -> Bool {
        connection.split(separator: ",").contains { $0.trimmingSpaces().lowercased() == "close" }
    }

    // MARK: Timeouts and close

    private func startTimeout(for what: ClientTimeouts.Reason, _ context: ChannelHandlerContext) {
        timeouts.start(for: what, on: context.eventLoop) { self.timerFired(context) }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        if !isClosing, !Self.hasUnsentBytes(context) { timeouts.stop(for: .reading) }
        switch timeouts.takeExpired(on: context.eventLoop, rearmedWith: { self.timerFired(context) }) {
        case nil: break
        case .reading: context.close(promise: nil)
        case .head: endConnection(context, with: .requestTimeout)
        case .body where pendingResponses == 1 && !isResponding: respondAndClose(context, with: .requestTimeout)
        case .body: close(context)
        }
    }

    private func startStreamTimer(_ context: ChannelHandlerContext) {
        streamTimer = context.eventLoop.assumeIsolated().scheduleTask(in: HTTPServerLimits.streamWithin) {
            context.close(promise: nil)
        }
    }

    /// One timer for all idle times of a connection: when it fires, it is set for when the current one would be too long.
    private func startIdleTimer(_ context: ChannelHandlerContext) {
        let due = pendingResponses > 0 ? .now() + HTTPServerLimits.idleFor : idleSince + HTTPServerLimits.idleFor
        idleTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            if self.isClosing { return }
            if self.pendingResponses == 0, self.idleSince + HTTPServerLimits.idleFor <= .now() {
                return context.close(promise: nil)
            }
            self.startIdleTimer(context)
        }
    }

    /// Ends the connection with this error's response, after the responses to earlier requests.
    private func endConnection(_ context: ChannelHandlerContext, with error: RequestError) {
        guard !isClosing, finalError == nil else { return }
        finalError = error
        if pendingResponses == 0 { respondAndClose(context, with: error) }
    }

    private func respondAndClose(_ context: ChannelHandlerContext, with error: RequestError) {
        guard !isClosing else { return }
        let problem = Problem(error)
        let requestId = RequestIdentifier.make()
        let document = problem.document(requestId: requestId)
        let head = HTTPResponse(status: problem.status, headerFields: problem.lastHeaders(document, requestId: requestId))
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(document)), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        close(context)
    }

    private func close(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        timeouts.cancel()
        context.flush()
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.closeDelay) { context.close(promise: nil) }
    }
}
