import NIOCore
import NIOHTTP1
import NIOPosix

/// Reads a whole request and writes a constant response of the size of a booking: what HTTP alone costs on SwiftNIO.
final class ConstantResponseHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let body = ByteBuffer(
        string: #"{"id":"a1-7q2k9fx03mzr","museumId":"a1","visitor":"kim-000001","seats":1,"status":"REQUESTED","version":1,"#
            + #""createdAt":"2026-11-23T04:55:56.426Z","updatedAt":"2026-11-23T04:55:56.426Z","_links":{"self":{"href":"#
            + #""/books/a1-7q2k9fx03mzr"},"museum":{"href":"/museums/a1"},"confirm":{"href":"/confirms/a1-7q2k9fx03mzr"},"#
            + #""myPage":{"href":"/myPages/a1-7q2k9fx03mzr"}}}"#)
    private static let head = HTTPResponseHead(
        version: .http1_1, status: .created,
        headers: [
            "Content-Type": "application/json", "Content-Length": String(body.readableBytes), "Cache-Control": "no-store",
            "Location": "/books/a1-7q2k9fx03mzr", "X-Request-Id": "1b29a15957d293ea", "Vary": "Accept",
        ])

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        context.write(wrapOutboundOut(.head(Self.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(Self.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
    fatalError("usage: plain-nio PORT")
}
let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
let server = try ServerBootstrap(group: group)
    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline()
            try channel.pipeline.syncOperations.addHandler(ConstantResponseHandler())
        }
    }
    .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
    .bind(host: "127.0.0.1", port: port)
    .wait()
try server.closeFuture.wait()
