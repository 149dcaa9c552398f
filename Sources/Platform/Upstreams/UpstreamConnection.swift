import NIOCore
import NIOHTTP1

/// A kept HTTP/1.1 connection to another process, for one request at a time: one that hangs delays no other.
///
/// Use it only on its channel's event loop.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    typealias Completion = (Result<UpstreamResponse, Upstream.Fault>) -> Void

    /// A request without its whole response.
    private struct Exchange {
        let deadline: NIODeadline
        let complete: Completion
        var head: HTTPResponseHead?
        var body = ByteBuffer()
    }

    /// How long it is kept without a request: shorter than the servers' 60 s, so that it is not used in the moment it is closed.
    private static let idleFor = TimeAmount.seconds(30)
    /// Responses are the services' own: a page of 200 is far below.
    private static let responseLimit = 4 << 20

    private let channel: any Channel
    private let onIdle: (UpstreamConnection) -> Void
    private let onClose: (UpstreamConnection) -> Void
    private var exchange: Exchange?
    private var idleUntil = NIODeadline.distantFuture
    private var alarm: Scheduled<Void>?
    private var alarmAt = NIODeadline.distantFuture
    private var isClosed = false

    /// - Parameters:
    ///   - onIdle: called when it can take another request.
    ///   - onClose: called once, when it can't any more.
    init(
        on channel: any Channel, onIdle: @escaping (UpstreamConnection) -> Void, onClose: @escaping (UpstreamConnection) -> Void
    ) {
        self.channel = channel
        self.onIdle = onIdle
        self.onClose = onClose
    }

    /// Sends a request in one system call.
    /// - Parameter complete: called once, with the response or with what it lacks.
    func send(_ head: HTTPRequestHead, _ body: ByteBuffer?, deadline: NIODeadline, complete: @escaping Completion) {
        guard exchange == nil, channel.isActive else { return complete(.failure(.noResponse(timedOut: false))) }
        exchange = Exchange(deadline: deadline, complete: complete)
        setAlarm(at: deadline)
        let written = channel.eventLoop.makePromise(of: Void.self)
        // A header that could begin another request is refused by the pipeline.
        written.futureResult.assumeIsolated().whenFailure { _ in self.close(.noResponse(timedOut: false)) }
        channel.write(HTTPClientRequestPart.head(head), promise: written)
        if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    /// Gives up the request, and the connection with it.
    func cancel() { close(.noResponse(timedOut: true)) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard exchange != nil else { return close(.noResponse(timedOut: false)) }
        switch part {
        case .head(let head):
            // After 101 another protocol would follow. Other interim responses do not come this far.
            guard (200...599).contains(head.status.code) else { return close(.noResponse(timedOut: false)) }
            exchange?.head = head
        case .body(var bytes):
            guard let length = exchange?.body.readableBytes, length + bytes.readableBytes <= Self.responseLimit else {
                return close(.noResponse(timedOut: false))
            }
            if length == 0 { exchange?.body = bytes } else { exchange?.body.writeBuffer(&bytes) }
        case .end: finish()
        }
    }

    private func finish() {
        guard let done = exchange, let head = done.head else { return close(.noResponse(timedOut: false)) }
        exchange = nil
        if head.isKeepAlive, channel.isActive {
            idleUntil = .now() + Self.idleFor
            setAlarm(at: idleUntil)
            onIdle(self)
        } else {
            close(.noResponse(timedOut: false))
        }
        done.complete(.success(UpstreamResponse(status: Int(head.status.code), headers: head.headers, body: done.body)))
    }

    func channelInactive(context: ChannelHandlerContext) {
        close(.noResponse(timedOut: false))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close(.noResponse(timedOut: false)) }

    /// Closes the connection. A request without its whole response ends with this fault.
    private func close(_ fault: Upstream.Fault) {
        // Closing the channel comes back here.
        if isClosed { return }
        isClosed = true
        let ended = exchange
        exchange = nil
        alarm?.cancel()
        alarm = nil
        onClose(self)
        channel.close(promise: nil)
        ended?.complete(.failure(fault))
    }

    /// One timer for what comes first. A request's deadline is hardly ever reached, so the timer is not set anew for each: when it
    /// fires, it is set for what is due then.
    private func setAlarm(at deadline: NIODeadline) {
        if alarm != nil, alarmAt <= deadline { return }
        alarm?.cancel()
        alarmAt = deadline
        alarm = channel.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.alarm = nil
            let due = self.exchange?.deadline ?? self.idleUntil
            if due <= .now() { self.close(.noResponse(timedOut: true)) } else { self.setAlarm(at: due) }
        }
    }
}
