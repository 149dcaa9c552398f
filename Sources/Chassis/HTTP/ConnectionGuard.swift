import Contracts
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Stands at each connection and answers what never becomes a request: a head that can't be read or is too large, a body that
/// does not arrive in time. It also closes a connection after an answer that says so, whatever the client still sends.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a body may take from its head to its end.
    static let bodyWithin = TimeAmount.seconds(10)
    /// How long a closing connection is still read from, so that the last answer reaches whoever is busy sending.
    static let lingerFor = TimeAmount.milliseconds(500)

    /// Requests whose answer has not been written to its end.
    private var unanswered = 0
    private var isBodyDue = false
    private var isAnswering = false
    private var isLast = false
    private var isClosing = false
    /// What is wrong behind requests that still wait for their answers.
    private var parting: Failure?
    private var bodyTimer: Scheduled<Void>?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isClosing { return }
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            isBodyDue = true
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            bodyTimer = context.value.eventLoop.assumeIsolated().scheduleTask(in: Self.bodyWithin) {
                self.bodyIsLate(context.value)
            }
        case .body: break
        case .end:
            isBodyDue = false
            bodyTimer?.cancel()
        }
        context.fireChannelRead(data)
    }

    private func bodyIsLate(_ context: ChannelHandlerContext) {
        guard isBodyDue, !isClosing else { return }
        if unanswered == 1, !isAnswering { part(from: context, with: .requestTimeout) } else { close(context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isClosing else { return context.fireErrorCaught(error) }
        if isBodyDue {
            // The request's own route is reading: it answers, and nothing follows.
            isLast = true
            return context.fireErrorCaught(error)
        }
        let failure: Failure = error == .headerOverflow ? .headerTooLarge : .malformedRequest("\(error)")
        if unanswered == 0 { part(from: context, with: failure) } else { parting = failure }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.succeed()
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head):
            isAnswering = true
            if head.headerFields[.connection]?.lowercased() == "close" { isLast = true }
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            isAnswering = false
            unanswered -= 1
            context.write(data, promise: promise)
            if isLast { return close(context) }
            if unanswered == 0, let parting { part(from: context, with: parting) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { bodyTimer?.cancel() }

    /// Writes the last answer of the connection.
    private func part(from context: ChannelHandlerContext, with failure: Failure) {
        let problem = Problem(failure)
        let requestId = RequestIdentifier.make()
        let document = problem.document(requestId: requestId)
        var headers = problem.headers
        headers[.contentType] = "application/problem+json"
        headers[.contentLength] = String(document.readableBytes)
        headers[.connection] = "close"
        headers[.xRequestId] = requestId
        context.write(wrapOutboundOut(.head(HTTPResponse(status: problem.status, headerFields: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(document)), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        close(context)
    }

    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        bodyTimer?.cancel()
        context.flush()
        context.close(mode: .output, promise: nil)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.value.eventLoop.assumeIsolated().scheduleTask(in: Self.lingerFor) { context.value.close(promise: nil) }
    }
}
