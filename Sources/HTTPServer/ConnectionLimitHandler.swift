import Contracts
import NIOCore

/// First in a connection's pipeline: counts the connection, refuses it above the limit, and reports received bytes.
final class ConnectionLimitHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Admission {
        case none
        case admitted(address: String)
        case refused(isTold: Bool)
    }

    /// How long a refused client has to read the response.
    private static let closeDelay = TimeAmount.milliseconds(100)

    private let limiter: ConnectionLimiter
    private let onBytes: () -> Void
    private var admission = Admission.none

    /// - Parameter onBytes: called before bytes are passed on.
    init(_ limiter: ConnectionLimiter, onBytes: @escaping () -> Void) {
        self.limiter = limiter
        self.onBytes = onBytes
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? ""
        switch limiter.enter(address) {
        case .admitted:
            admission = .admitted(address: address)
            // Where the kernel refuses the option, its default applies.
            try? context.channel.syncOptions?.setOption(
                .socketOption(.so_sndbuf), value: SocketOptionValue(HTTPServerLimits.sendBuffer))
            context.fireChannelActive()
        case .refused(let isTold):
            admission = .refused(isTold: isTold)
            refuse(context, isTold: isTold)
        }
    }

    /// Writes a response, half-closes, and closes after a delay. Nothing is read, and no later handler sees the connection.
    private func refuse(_ context: ChannelHandlerContext, isTold: Bool) {
        guard isTold else { return context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(Problem(.failure(.overloaded)).wholeResponse()), promise: nil)
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.closeDelay) { context.close(promise: nil) }
    }

    func read(context: ChannelHandlerContext) {
        if case .refused = admission { return }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        onBytes()
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    private func leave() {
        switch admission {
        case .admitted(let address): limiter.leave(address)
        case .refused(isTold: true): limiter.turnedAway()
        case .refused(isTold: false), .none: break
        }
        admission = .none
    }
}
