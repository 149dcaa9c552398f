import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import HTTPServer

/// How a request target is normalized before it reaches a route.
struct RequestTargetTests {
    @Test(arguments: [
        ("/", "/"), ("/museums", "/museums"), ("/museums?", "/museums?"),
        ("/museums?hall=A+B&size=5", "/museums?hall=A+B&size=5"),
        ("/m?hall=%EA%b0%80", "/m?hall=%EA%b0%80"), ("/m?a=!$&'()*+,;=:@/?-._~", "/m?a=!$&'()*+,;=:@/?-._~"),
        ("/m?hall=\"{a}|\\^`<b>[1]#2", "/m?hall=%22%7Ba%7D%7C%5C%5E%60%3Cb%3E%5B1%5D%232"), ("/m?hall=100%", "/m?hall=100%FF"),
        ("/m?hall=%4", "/m?hall=%FF4"), ("/m?hall=%zz", "/m?hall=%FFzz"), ("/m?hall=%%41", "/m?hall=%FF%41"), ("/m?%", "/m?%FF"),
        ("/a|b/{c}#d", "/a|b/{c}#d"), ("/%zz?%41", "/%zz?%41"),
    ])
    func queryIsEncoded(_ target: String, _ normalized: String) {
        #expect(RequestTarget.normalized(target[...]) == normalized)
        #expect(RequestTarget.normalized(normalized[...]) == normalized, "once is enough")
    }

    private final class Parts: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        var uris: [String] = []
        var fields: [String] = []
        var bodies: [[UInt8]] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                uris.append(head.uri)
                fields.append(head.headers.first(name: "X") ?? "")
                bodies.append([])
            case .body(let bytes): bodies[bodies.count - 1] += Array(buffer: bytes)
            case .end: break
            }
        }
    }

    /// What is parsed of bytes that come in these segments; `nil` where they are refused.
    private func parse(_ segments: [ArraySlice<UInt8>]) throws -> Parts? {
        let channel = EmbeddedChannel()
        let pipeline = channel.pipeline.syncOperations
        let requestLine = RequestLineHandler()
        let parts = Parts()
        try pipeline.addHandlers([
            requestLine, ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
            RequestValidationHandler(requestLine) { false },
            parts,
        ])
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        do {
            for segment in segments { try channel.writeInbound(ByteBuffer(bytes: segment)) }
        } catch { return nil }
        return parts
    }

    private static let body = #"{"visitor":"김","x":"GET /?가 HTTP/1.1"}"#
    private static let post = "POST /books?가=나 HTTP/1.1\r\nHost: a\r\nX: é\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    private static let get = "GET /museums?hall=가 람 HTTP/1.1\r\nHost: a\r\nX: é\r\n\r\n".replacing("가 람", with: "가람")

    private static let next = Array("GET /next HTTP/1.1\r\nHost: a\r\n\r\n".utf8)[...]

    /// Whatever the segments, a raw query is encoded, and no header field and no body is touched.
    @Test func everySplit() throws {
        for text in [Self.post, Self.get, "\r\n\r\n" + Self.get] {
            let bytes = Array(text.utf8)
            for split in 0...bytes.count {
                // Between requests in ASCII, alone and with the one behind it in the same segment.
                let parts = try #require(
                    try parse([Self.next, bytes[..<split], bytes[split...] + Self.next, bytes[...], Self.next]))
                let uri = text == Self.post ? "/books?%EA%B0%80=%EB%82%98" : "/museums?hall=%EA%B0%80%EB%9E%8C"
                #expect(parts.uris == ["/next", uri, "/next", uri, "/next"], "split at \(split)")
                #expect(parts.fields == ["", "é", "", "é", ""])
                #expect(parts.bodies.map(\.count) == [0, 1, 0, 1, 0].map { text == Self.post ? $0 * Self.body.utf8.count : 0 })
                #expect(text != Self.post || parts.bodies[1] == Array(Self.body.utf8))
            }
        }
    }

    /// A raw query after a body, however that body came.
    @Test func behindABody() throws {
        let bytes = Array(Self.post.utf8)
        for split in 0...bytes.count {
            let parts = try #require(
                try parse([bytes[..<split], bytes[split...], Array(Self.get.utf8)[...]]), "split at \(split)")
            #expect(parts.uris == ["/books?%EA%B0%80=%EB%82%98", "/museums?hall=%EA%B0%80%EB%9E%8C"])
            #expect(parts.bodies == [Array(Self.body.utf8), []])
        }
    }

    /// The end of one request and the beginning of the next in one segment: a body that goes on in the next segment stays as
    /// it is, and the first request that begins a segment of its own may be raw again.
    @Test(arguments: ["GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n{}\r\n\r\n"])
    func pipelinedBodiesStayAsTheyAre(_ first: String) throws {
        // With blank lines and what looks like a request line in the body.
        let body = "\r\n\r\nGET /가 HTTP/1.1\r\n\r\n가\r\n\r\n"
        let post = "POST /b HTTP/1.1\r\nHost: a\r\nX: é\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let bytes = Array((first + post).utf8)
        for split in 0...bytes.count {
            let parts = try #require(
                try parse([bytes[..<split], bytes[split...], Self.next, Array(Self.get.utf8)[...]]), "split at \(split)")
            #expect(parts.uris == ["/a", "/b", "/next", "/museums?hall=%EA%B0%80%EB%9E%8C"], "split at \(split)")
            #expect(parts.bodies[1] == Array(body.utf8) && parts.fields[1] == "é", "split at \(split)")
        }
    }

    /// The same byte by byte and in threes, chunked.
    @Test(arguments: 1...5)
    func smallSegments(_ length: Int) throws {
        let chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n가나\r\n0\r\n\r\n"
        let bytes = Array((chunked + Self.post.replacing("?가=나", with: "") + chunked).utf8)
        let segments = stride(from: 0, to: bytes.count, by: length).map { bytes[$0..<min(bytes.count, $0 + length)] }
        let parts = try #require(try parse(segments))
        #expect(parts.uris == ["/c", "/books", "/c"])
        #expect(parts.bodies == [Array("가나".utf8), Array(Self.body.utf8), Array("가나".utf8)])
        // Alone in its segments, a raw one as well.
        let raw = Array(Self.get.utf8)
        let rawSegments = stride(from: 0, to: raw.count, by: length).map { raw[$0..<min(raw.count, $0 + length)] }
        #expect(try parse(rawSegments + rawSegments)?.uris == Array(repeating: "/museums?hall=%EA%B0%80%EB%9E%8C", count: 2))
    }

    @Test func invalidUTF8StaysInvalid() throws {
        let request = Array("GET /?a=".utf8) + [0xFF, 0xC3, 0x28] + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(try parse([request[...]])?.uris == ["/?a=%FF%C3("])
    }

    @Test(arguments: ["GET /가\u{7F} HTTP/1.1", "GET /가\u{0} HTTP/1.1", "GÉT /가 HTTP/1.1", "GET /가 HTTP/1.1é", "GET 가 HTTP/1.1"])
    func otherwiseNothingMoreIsTaken(_ line: String) throws {
        #expect(try parse([Array((line + "\r\nHost: a\r\n\r\n").utf8)[...]]) == nil)
    }
}
