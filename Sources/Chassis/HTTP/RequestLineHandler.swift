import NIOCore

/// In front of the parser: writes bytes above ASCII in a request line percent-encoded. The parser takes only ASCII in a target,
/// while `curl 'localhost:8080/museums?hall=가람'` sends what was typed. Bytes that are no UTF-8 stay none, and are refused where
/// the query is decoded.
///
/// It does not look for the borders between requests itself, so that it can't see them elsewhere than the parser: what the parser
/// has read says whether a request line may follow. Of several requests in one segment only the first is encoded.
final class RequestLineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum State {
        /// Nothing of the next request has come, but for empty lines.
        case beforeRequestLine
        case inRequestLine
        /// In a header field or a body: passed on as it is.
        case behindRequestLine
    }

    private var state = State.beforeRequestLine

    /// The parser has read a head.
    func headEnded() { state = .behindRequestLine }

    /// The parser has read a request to its end.
    func requestEnded() { state = .beforeRequestLine }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .behindRequestLine else { return context.fireChannelRead(data) }
        let bytes = unwrapInboundIn(data)
        let view = bytes.readableBytesView
        var start = view.startIndex
        if state == .beforeRequestLine {
            start = view.firstIndex { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") } ?? view.endIndex
        }
        guard start < view.endIndex else { return context.fireChannelRead(data) }
        let end = view[start...].firstIndex(of: UInt8(ascii: "\n"))
        // Before it is passed on: the parser tells of what it reads while it is.
        state = end == nil ? .inRequestLine : .behindRequestLine
        let line = view[..<(end ?? view.endIndex)]
        guard line.contains(where: { $0 >= 0x80 }) else { return context.fireChannelRead(data) }
        var encoded = context.channel.allocator.buffer(capacity: bytes.readableBytes + 2 * line.count)
        for byte in line {
            if byte < 0x80 { encoded.writeInteger(byte) } else { encoded.writePercentEncoded(byte) }
        }
        encoded.writeBytes(view[line.endIndex...])
        context.fireChannelRead(wrapInboundOut(encoded))
    }
}

extension ByteBuffer {
    fileprivate mutating func writePercentEncoded(_ byte: UInt8) {
        writeInteger(UInt8(ascii: "%"))
        writeString(String(byte, radix: 16, uppercase: true))
    }
}
