import Foundation
import TestSupport
import Testing

/// Bytes that are no proper request, on a bare socket.
@Suite(.timeLimit(.minutes(3)))
struct ConnectionTests {
    private static func open() async throws -> (MuseumProcess, RedisServer) {
        let redis = try await RedisServer.start()
        return (try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis), redis)
    }

    @Test func headsThatCanNotBeRead() async throws {
        let (deployment, redis) = try await Self.open()
        defer { withExtendedLifetime(redis) {} }
        let long = String(repeating: "x", count: 20_000)
        let cases: [(sent: String, status: String, slug: String)] = [
            ("nonsense\r\n\r\n", "400", "malformed-request"),
            ("GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n", "400", "malformed-request"),
            ("BREW /books HTTP/1.1\r\nHost: localhost\r\n\r\n", "400", "malformed-request"),
            (
                "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400",
                "malformed-request"
            ),
            ("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: \(long)\r\n\r\n", "431", "header-too-large"),
            ("GET /\(long) HTTP/1.1\r\nHost: localhost\r\n\r\n", "431", "header-too-large"),
        ]
        for (sent, status, slug) in cases {
            let answer = try RawSocket(port: deployment.ports["gateway"]!).exchange(sent)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(sent.prefix(40)): \(answer)")
            #expect(answer.contains("application/problem+json") && answer.contains("/problems/\(slug)"), "\(answer)")
            #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "one answer, then the end: \(answer)")
        }
        // The one before is answered first, and whoever else is connected notices nothing.
        let two = try RawSocket(port: deployment.ports["gateway"]!).exchange(
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nnonsense\r\n\r\n")
        #expect(two.hasPrefix("HTTP/1.1 200") && two.contains("HTTP/1.1 400"), "\(two)")
        #expect(try await Visitor(deployment.url("gateway")).get("/").status == 200)
    }

    @Test func aBodyThatIsTooLargeIsNotReadOn() async throws {
        let (deployment, redis) = try await Self.open()
        defer { withExtendedLifetime(redis) {} }
        for sent in [
            "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n{",
            "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n"
                + String(repeating: " ", count: 0x8000) + "\r\n",
        ] {
            let answer = try RawSocket(port: deployment.ports["gateway"]!).exchange(sent)
            #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("content-too-large"), "\(answer)")
        }
    }

    @Test func aBodyThatDoesNotCome() async throws {
        let (deployment, redis) = try await Self.open()
        defer { withExtendedLifetime(redis) {} }
        let sent = "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"
        let answer = try RawSocket(port: deployment.ports["book"]!).exchange(sent)
        #expect(answer.hasPrefix("HTTP/1.1 408") && answer.contains("request-timeout"), "\(answer)")
    }
}

/// A TCP connection that says what it is told and listens until the other side is done.
private struct RawSocket {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 15, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw Failed("no connection to port \(port)") }
    }

    /// Everything that comes back until the connection is closed, or nothing has come for 15 s.
    func exchange(_ text: String) throws -> String {
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw Failed("not sent") }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return String(decoding: all, as: UTF8.self) }
            all += buffer[..<count]
        }
    }
}
