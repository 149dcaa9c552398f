import NIOCore
import NIOHTTP1

/// A kept HTTP/1.1 connection to another process, for one request at a time: one that hangs delays no other.
///
/// Use it only on its channel's event loop.
final class UpstreamConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    typealias Completion = (Result<UpstreamResponse, Upstream.Fault>) -> Void

    /// A request without its whole response.
    private struct Exchange {
        /// Of the whole response; of the next piece where it is streamed.
        var deadline: NIODeadline
        /// Called with the response, or with what it lacks; where the response is streamed, with its head.
        var complete: Completion?
        /// The media type of a response that is streamed.
        let streamedType: String?
        var head: HTTPResponseHead?
        var body = ByteBuffer()
        var stream: UpstreamStream.Source?
    }

    /// How long it is kept without a request: shorter than the servers' 60 s, so that it is not used in the moment it is closed.
    private static let idleFor = TimeAmount.seconds(30)
    /// Responses are the services' own: a page of 200 is far below.
    private static let responseLimit = 4 << 20
    /// How long the next piece of a streamed response may take. The service may read many rows to find one that it sends.
    private static let pieceWithin = TimeAmount.seconds(60)

    private let channel: any Channel
    private let onIdle: (UpstreamConnection) -> Void
    private let onClose: (UpstreamConnection) -> Void
    private var exchange: Exchange?
    private var idleUntil = NIODeadline.distantFuture
    private var alarm: Scheduled<Void>?
    private var alarmAt = NIODeadline.distantFuture
    private var isClosed = false
    /// Whether whoever reads the stream has enough for now. Nothing is read then.
    private var isPaused = false
    private var isReadDue = false
    /// How many responses have been streamed.
    private var streams = 0

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
    /// - Parameter streamedType: a media type; a response of this type without a length is streamed.
    func send(
        _ head: HTTPRequestHead, _ body: ByteBuffer?, streamedType: String?, deadline: NIODeadline, complete: @escaping Completion
    ) {
        guard exchange == nil, channel.isActive else { return complete(.failure(.noResponse(timedOut: false))) }
        exchange = Exchange(deadline: deadline, complete: complete, streamedType: streamedType)
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
            if let type = exchange?.streamedType, head.isStreamed(as: type) { beginStream(head) }
        case .body(let bytes) where exchange?.stream != nil: passOn(bytes)
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
        done.stream?.finish()
        resumeReading()
        if head.isKeepAlive, channel.isActive {
            idleUntil = .now() + Self.idleFor
            setAlarm(at: idleUntil)
            onIdle(self)
        } else {
            close(.noResponse(timedOut: false))
        }
        done.complete?(.success(UpstreamResponse(status: Int(head.status.code), headers: head.headers, body: done.body)))
    }

    // MARK: Streams

    private func beginStream(_ head: HTTPResponseHead) {
        streams += 1
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let (stream, source) = UpstreamStream.make { [number = streams] in
            bound.eventLoop.execute { bound.value.resumeReading(of: number) }
        } onEnd: { [number = streams] in
            bound.eventLoop.execute { bound.value.nobodyReads(number) }
        }
        let complete = exchange?.complete
        exchange?.complete = nil
        exchange?.stream = source
        expectPiece()
        complete?(
            .success(UpstreamResponse(status: Int(head.status.code), headers: head.headers, body: ByteBuffer(), stream: stream)))
    }

    private func passOn(_ piece: ByteBuffer) {
        switch exchange?.stream?.add(piece) {
        case .more: expectPiece()
        case .enough:
            isPaused = true
            // How long the reader may take is not decided here.
            exchange?.deadline = .distantFuture
        case nil, .some(.none): close(.noResponse(timedOut: false))
        }
    }

    private func expectPiece() {
        exchange?.deadline = .now() + Self.pieceWithin
        setAlarm(at: .now() + Self.pieceWithin)
    }

    private func resumeReading(of stream: Int) {
        guard stream == streams, isPaused, exchange?.stream != nil else { return }
        expectPiece()
        resumeReading()
    }

    private func resumeReading() {
        isPaused = false
        if isReadDue {
            isReadDue = false
            channel.read()
        }
    }

    /// The rest would be read for nothing.
    private func nobodyReads(_ stream: Int) {
        if stream == streams, exchange?.stream != nil { close(.noResponse(timedOut: false)) }
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { isReadDue = true } else { context.read() }
    }

    // MARK: End

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
        ended?.stream?.finish(fault)
        ended?.complete?(.failure(fault))
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

extension HTTPResponseHead {
    /// Whether it is a success of that media type, and its body has no length.
    fileprivate func isStreamed(as mediaType: String) -> Bool {
        status == .ok && !headers.contains(name: "Content-Length")
            && headers.first(name: "Content-Type").map { $0.lowercased().hasPrefix(mediaType) } ?? false
    }
}
