import Contracts
import NIOCore

/// First in a connection's pipeline: counts it, turns it away where there are too many, and tells of the bytes that come.
final class ConnectionLimitHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Visit {
        case none
        case admitted(address: String)
        case refused(isTold: Bool)
    }

    /// How long who is turned away has for reading why.
    private static let farewell = TimeAmount.milliseconds(100)

    private let keeper: ConnectionLimiter
    private let onBytes: () -> Void
    private var visit = Visit.none

    /// - Parameter onBytes: told before bytes are passed on.
    init(_ keeper: ConnectionLimiter, onBytes: @escaping () -> Void) {
        self.keeper = keeper
        self.onBytes = onBytes
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? ""
        switch keeper.enter(address) {
        case .admitted:
            visit = .admitted(address: address)
            // Where the kernel refuses, its own measure holds.
            try? context.channel.syncOptions?.setOption(
                .socketOption(.so_sndbuf), value: SocketOptionValue(HTTPServerLimits.sendBuffer))
            context.fireChannelActive()
        case .refused(let isTold):
            visit = .refused(isTold: isTold)
            turnAway(context, isTold: isTold)
        }
    }

    /// Nothing is read from it, and no handler behind subscriptions of it: an answer, the end, and after a moment the close.
    private func turnAway(_ context: ChannelHandlerContext, isTold: Bool) {
        guard isTold else { return context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(Problem(.failure(.overloaded)).wholeResponse()), promise: nil)
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.farewell) { context.close(promise: nil) }
    }

    func read(context: ChannelHandlerContext) {
        if case .refused = visit { return }
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
        switch visit {
        case .admitted(let address): keeper.leave(address)
        case .refused(isTold: true): keeper.turnedAway()
        case .refused(isTold: false), .none: break
        }
        visit = .none
    }
}
