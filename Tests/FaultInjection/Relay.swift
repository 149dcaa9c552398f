import NIOCore
import TestSupport

/// One direction of one connection. Lives on its connection's event loop.
final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let proxy: FaultProxy
    private let isReply: Bool
    private let destination: any Channel
    /// In operation: what waits for its time, or for the mode to pass.
    private var held: [ByteBuffer] = []
    private var late = CircularBuffer<(bytes: ByteBuffer, due: NIODeadline)>()
    private var isSourceGone = false

    init(proxy: FaultProxy, isReply: Bool, to destination: any Channel) {
        self.proxy = proxy
        self.isReply = isReply
        self.destination = destination
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let (mode, isLost) = proxy.currentMode(isReply: isReply)
        if isLost {
            context.close(promise: nil)
            destination.close(promise: nil)
            return
        }
        switch mode {
        case .halfOpen:
            proxy.count(\.held)
            keep(bytes)
        case .late(let delay) where !isReply:
            proxy.count(\.delayed)
            self.delay(bytes, until: max(.now() + TimeAmount(delay), late.last?.due ?? .now()), context.eventLoop)
        default:
            // Behind what is late or held, also what is prompt has to wait its turn.
            if !held.isEmpty {
                keep(bytes)
            } else if let last = late.last {
                delay(bytes, until: last.due, context.eventLoop)
            } else {
                write(bytes)
            }
        }
    }

    private func keep(_ bytes: ByteBuffer) {
        proxy.onTheWay(1)
        held.append(bytes)
    }

    private func delay(_ bytes: ByteBuffer, until due: NIODeadline, _ loop: any EventLoop) {
        proxy.onTheWay(1)
        late.append((bytes, due))
        loop.assumeIsolated().scheduleTask(deadline: due) { self.deliverLate() }
    }

    private func deliverLate() {
        let now = NIODeadline.now()
        while let first = late.first, first.due <= now {
            late.removeFirst()
            proxy.onTheWay(-1)
            write(first.bytes)
        }
        closeIfDone()
    }

    func deliverHeld() {
        // A write to a connection that has gone closes the other one, which comes back here.
        let delivered = held
        held = []
        for bytes in delivered {
            proxy.onTheWay(-1)
            write(bytes)
        }
        closeIfDone()
    }

    private func write(_ bytes: ByteBuffer) { destination.writeAndFlush(bytes, promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        isSourceGone = true
        proxy.leave(self)
        if isReply { deliverHeld() }
        if !late.isEmpty || !held.isEmpty {
            // The bytes are on their way, though nobody waits for an answer any more.
            let relay = NIOLoopBound(self, eventLoop: context.eventLoop)
            if !held.isEmpty { proxy.deliverWhenOver(relay) }
            return
        }
        destination.close(promise: nil)
    }

    private func closeIfDone() {
        if isSourceGone, late.isEmpty, held.isEmpty { destination.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension FaultProxy {
    /// A connection whose client has gone: what it had sent arrives when the mode is over.
    func deliverWhenOver(_ relay: NIOLoopBound<Relay>) {
        relay.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(20)) {
            if self.mode == .halfOpen { self.deliverWhenOver(relay) } else { relay.value.deliverHeld() }
        }
    }
}
