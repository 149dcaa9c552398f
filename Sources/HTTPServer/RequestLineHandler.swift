import NIOCore

/// In front of the parser: writes bytes above ASCII in a request line percent-encoded. The parser takes only ASCII in a target,
/// while `curl 'localhost:8080/museums?hall=가람'` sends what was typed. Bytes that are no UTF-8 stay none, and are refused where
/// the query is decoded.
///
/// If this handler and the parser disagreed about where a request ends, this handler would change bytes of a body (request
/// smuggling). So the parser alone decides where a request ends. Only what begins right where the parser ended a request is taken
/// for a request line; of several requests in one segment that is the first.
final class RequestLineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum Place {
        /// Exactly between two requests, but for empty lines.
        case betweenRequests
        case inRequestLine
        /// In header fields, in a body, or behind a border in the middle of a segment.
        case elsewhere
    }

    private var place = Place.betweenRequests
    /// Whether the end of a request is the last that the parser has read of the bytes passed on last.
    private var hasEnded = false

    /// The parser has read a head.
    func headEnded() { hasEnded = false }

    /// The parser has read a request to its end.
    func requestEnded() { hasEnded = true }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if place != .elsewhere { encodeRequestLine(&bytes, context.channel.allocator) }
        // Behind a blank line nothing of a next request can have been read without its end. Otherwise only the parser knows
        // where a body ends, and it gets the last byte by itself.
        if !Self.endsWithBlankLine(bytes), let front = bytes.readSlice(length: max(0, bytes.readableBytes - 1)) {
            if front.readableBytes > 0, passOn(front, context) { place = .elsewhere }
        }
        if passOn(bytes, context) { place = .betweenRequests }
    }

    /// - Returns: whether the parser ended a request last.
    private func passOn(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) -> Bool {
        hasEnded = false
        context.fireChannelRead(wrapInboundOut(bytes))
        return hasEnded
    }

    private static func endsWithBlankLine(_ bytes: ByteBuffer) -> Bool {
        bytes.readableBytesView.suffix(4).elementsEqual("\r\n\r\n".utf8)
    }

    /// Encodes what belongs to the request line, and notes how far it goes.
    private func encodeRequestLine(_ bytes: inout ByteBuffer, _ allocator: ByteBufferAllocator) {
        let view = bytes.readableBytesView
        var start = view.startIndex
        if place == .betweenRequests {
            start = view.firstIndex { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") } ?? view.endIndex
        }
        guard start < view.endIndex else { return }
        let end = view[start...].firstIndex(of: UInt8(ascii: "\n"))
        place = end == nil ? .inRequestLine : .elsewhere
        let line = view[..<(end ?? view.endIndex)]
        guard line.contains(where: { $0 >= 0x80 }) else { return }
        var encoded = allocator.buffer(capacity: bytes.readableBytes + 2 * line.count)
        for byte in line {
            if byte < 0x80 {
                encoded.writeInteger(byte)
            } else {
                encoded.writeString("%" + String(byte, radix: 16, uppercase: true))
            }
        }
        encoded.writeBytes(view[line.endIndex...])
        bytes = encoded
    }
}
