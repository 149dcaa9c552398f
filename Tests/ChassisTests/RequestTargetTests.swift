import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Chassis

/// What becomes of a request's target before a route sees it.
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
            requestLine, ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)), RequestRules(requestLine),
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

    /// Whatever the segments, a raw query is encoded, and no header field and no body is touched.
    @Test func everySplit() throws {
        for text in [Self.post, Self.get, "\r\n\r\n" + Self.get] {
            let bytes = Array(text.utf8)
            for split in 0...bytes.count {
                // A request in ASCII before it, and one after.
                let next = Array("GET /next HTTP/1.1\r\nHost: a\r\n\r\n".utf8)[...]
                let parts = try #require(try parse([next, bytes[..<split], bytes[split...] + next, bytes[...], next]))
                let uri = text == Self.post ? "/books?%EA%B0%80=%EB%82%98" : "/museums?hall=%EA%B0%80%EB%9E%8C"
                #expect(parts.uris == ["/next", uri, "/next", uri, "/next"], "split at \(split)")
                #expect(parts.fields == ["", "é", "", "é", ""])
                #expect(parts.bodies.map(\.count) == [0, 1, 0, 1, 0].map { text == Self.post ? $0 * Self.body.utf8.count : 0 })
                #expect(text != Self.post || parts.bodies[1] == Array(Self.body.utf8))
            }
        }
    }

    /// The end of one request and the beginning of the next in one segment: a body that goes on in the next segment stays as it is.
    @Test func pipelinedBodiesStayAsTheyAre() throws {
        let bytes = Array(("GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + Self.post.replacing("가=나", with: "x")).utf8)
        for split in 0...bytes.count {
            let parts = try #require(try parse([bytes[..<split], bytes[split...], Array(Self.get.utf8)[...]]))
            #expect(parts.bodies.count == 3 && parts.bodies[1] == Array(Self.body.utf8), "split at \(split)")
            #expect(parts.uris.last == "/museums?hall=%EA%B0%80%EB%9E%8C")
        }
    }

    @Test func whatIsNoUTF8StaysSo() throws {
        let request = Array("GET /?a=".utf8) + [0xFF, 0xC3, 0x28] + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(try parse([request[...]])?.uris == ["/?a=%FF%C3("])
    }

    @Test(arguments: ["GET /가\u{7F} HTTP/1.1", "GET /가\u{0} HTTP/1.1", "GÉT /가 HTTP/1.1", "GET /가 HTTP/1.1é", "GET 가 HTTP/1.1"])
    func otherwiseNothingMoreIsTaken(_ line: String) throws {
        #expect(try parse([Array((line + "\r\nHost: a\r\n\r\n").utf8)[...]]) == nil)
    }
}
