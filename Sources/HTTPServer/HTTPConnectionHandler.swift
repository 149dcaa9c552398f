import Contracts
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Stands at each connection and answers what never becomes a request: a head that can't be read, is too large or does not
/// come, a body that does not arrive in time. It closes a connection whose client does not read its answers, and after an
/// answer that says so, whatever the client still sends.
final class HTTPConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a closing connection is still read from, so that the last answer reaches whoever is busy sending.
    static let closeDelay = TimeAmount.milliseconds(500)

    private let keeper: ConnectionLimiter
    private let load: ConcurrencyLimiter

    /// Requests whose answer has not been written to its end.
    private var unanswered = 0
    private var isBodyDue = false
    private var bodyLength = 0
    private var isAnswering = false
    /// How many answers are still to be written before the connection closes; `nil` for any number.
    private var answersLeft: Int?
    private var isClosing = false
    /// What is wrong behind requests that still wait for their answers.
    private var parting: RequestError?
    private var isCountedAsUnread = false
    private var timeouts = ClientTimeouts()

    init(_ keeper: ConnectionLimiter, load: ConcurrencyLimiter) {
        self.keeper = keeper
        self.load = load
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Hummingbird has a place for us behind its handlers only; the other three belong before them.
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(ConnectionLimitHandler(keeper) { self.bytesArrive(context) }, position: .first)
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let requestLine = RequestLineHandler()
            try pipeline.addHandler(requestLine, position: .before(parser))
            try pipeline.addHandler(RequestValidationHandler(requestLine), position: .after(parser))
        } catch {
            preconditionFailure("Hummingbird's pipeline is not what it was: \(error)")
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timeouts.cancel()
        countAsUnread(false)
    }

    // MARK: What comes in

    func channelActive(context: ChannelHandlerContext) {
        wait(for: .head, context)
        context.fireChannelActive()
    }

    private func bytesArrive(_ context: ChannelHandlerContext) {
        if !isClosing, !isBodyDue { wait(for: .head, context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isClosing || parting != nil { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            unanswered += 1
            isBodyDue = true
            bodyLength = 0
            timeouts.isOver(for: .head)
            wait(for: .body, context)
            if head.headerFields[.connection].map(Self.saysClose) ?? false { answersLeft = unanswered }
        case .body(let bytes):
            bodyLength += bytes.readableBytes
            if unanswered == 0, bodyLength > HTTPServerLimits.bodyAfterAnswer { return close(context) }
        case .end:
            isBodyDue = false
            timeouts.isOver(for: .body)
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most bodies come in one piece with their heads, and are never counted.
        countAsUnread(isBodyDue)
        context.fireChannelReadComplete()
    }

    private func countAsUnread(_ isDue: Bool) {
        guard isDue != isCountedAsUnread else { return }
        isCountedAsUnread = isDue
        if isDue { load.bodyIsDue() } else { load.bodyIsRead() }
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
        if isBodyDue {
            // The request's own route is reading: it answers, and nothing follows.
            answersLeft = unanswered
            return unanswered == 0 ? close(context) : context.fireErrorCaught(error)
        }
        part(from: context, with: failure)
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.succeed()
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            isAnswering = true
            if head.headerFields[.connection].map(Self.saysClose) ?? false { answersLeft = 1 }
            if answersLeft == 1 { head.headerFields[.connection] = "close" }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            isAnswering = false
            unanswered -= 1
            context.write(data, promise: promise)
            if let left = answersLeft { answersLeft = left - 1 }
            if answersLeft == 0 { return close(context) }
            if unanswered == 0, let parting { sayGoodbye(context, with: parting) }
        }
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        if isClosing { return }
        if Self.hasUnsentBytes(context) { wait(for: .reading, context) } else { timeouts.isOver(for: .reading) }
    }

    private static func hasUnsentBytes(_ context: ChannelHandlerContext) -> Bool {
        // A channel that is closed has nothing to send.
        ((try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0) > 0
    }

    private static func saysClose(_ connection: String) -> Bool {
        connection.split(separator: ",").contains { $0.trimmingSpaces().lowercased() == "close" }
    }

    // MARK: ClientTimeouts, and its end

    private func wait(for what: ClientTimeouts.Reason, _ context: ChannelHandlerContext) {
        timeouts.begins(for: what, on: context.eventLoop) { self.look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        if !isClosing, !Self.hasUnsentBytes(context) { timeouts.isOver(for: .reading) }
        switch timeouts.ended(on: context.eventLoop, again: { self.look(context) }) {
        case nil: break
        case .reading: context.close(promise: nil)
        case .head: part(from: context, with: .requestTimeout)
        case .body where unanswered == 1 && !isAnswering: sayGoodbye(context, with: .requestTimeout)
        case .body: close(context)
        }
    }

    /// The connection ends with this answer, once those before it are out.
    private func part(from context: ChannelHandlerContext, with error: RequestError) {
        guard !isClosing, parting == nil else { return }
        parting = error
        if unanswered == 0 { sayGoodbye(context, with: error) }
    }

    private func sayGoodbye(_ context: ChannelHandlerContext, with error: RequestError) {
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
