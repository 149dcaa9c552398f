import NIOCore
import NIOEmbedded
import NIOSSL
import TestSupport
import Testing

@testable import Redis

/// Replies that TLS hands up in pieces of its own, from bytes that the network has cut once more.
struct TLSPiecesTests {
    @Test func repliesInFragmentsAreRead() async throws {
        let authority = try await Authority.make()
        let signed = try await authority.sign("DNS:localhost")
        let endpoint = try RedisEndpoint(url: "rediss://localhost?ca=\(authority.certificate)")
        let tls = try #require(try RedisTLS(endpoint))
        let own = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(signed.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: signed.key, format: .pem)))
        let seed = Seed.another
        var maker = ReplyMaker(seed: SeededRandom(seed: seed))
        for _ in 0..<20 { try exchange(tls, NIOSSLContext(configuration: own), &maker, "FUZZ_SEED=\(seed)") }
    }

    private func exchange(_ tls: RedisTLS, _ own: NIOSSLContext, _ maker: inout ReplyMaker, _ seed: Comment) throws {
        let (client, server) = (EmbeddedChannel(), EmbeddedChannel())
        let handler = RedisChannelHandler(isSecured: true)
        try client.pipeline.syncOperations.addHandler(tls.handler())
        try client.pipeline.syncOperations.addHandler(handler)
        try server.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: own))
        for channel in [client, server] { try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 6379)).wait() }

        let replies = (0..<20).map { _ in
            maker.seed.once(in: 8) ? Reply.text(String(repeating: "한", count: 9_000)) : maker.reply()
        }
        let box = LockedBox<[Result<Reply, RedisError>]?>(nil)
        let commands = [Command](repeating: Command("PING"), count: replies.count)
        handler.send(commands, deadline: .distantFuture, on: client) { box.value = $0 }
        try carry(client, server, &maker)
        #expect(try server.readInbound(as: ByteBuffer.self) != nil, "the commands have come through")

        var bytes: [UInt8] = []
        for reply in replies { maker.encode(reply, into: &bytes) }
        for piece in maker.pieces(bytes) { try server.writeOutbound(ByteBuffer(bytes: piece)) }
        try carry(client, server, &maker)
        try #require(box.value == replies.map { .success($0) }, seed)
        // A server that doesn't say farewell is not waited for.
        handler.send([Command("PING")], deadline: .distantFuture, on: client) { box.value = $0 }
        client.close(promise: nil)
        client.embeddedEventLoop.run()
        try #require(!client.isActive && box.value == [.failure(.outcomeUnknown("the connection closed"))], seed)
    }

    /// Carries over what either side has sent until both are silent.
    private func carry(_ client: EmbeddedChannel, _ server: EmbeddedChannel, _ maker: inout ReplyMaker) throws {
        var isSilent = false
        while !isSilent {
            isSilent = true
            for (from, to) in [(client, server), (server, client)] {
                from.embeddedEventLoop.run()
                var bytes: [UInt8] = []
                while let buffer = try from.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
                if !bytes.isEmpty { isSilent = false }
                for piece in maker.pieces(bytes) { try to.writeInbound(ByteBuffer(bytes: piece)) }
            }
        }
    }
}
