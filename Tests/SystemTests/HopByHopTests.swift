import Foundation
import TestSupport
import Testing

/// What passes the gateway: seen by a service that is the test's own.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct HopByHopTests {
    private static func gateway(before service: StubServer, _ redis: RedisServer) async throws -> MuseumProcess {
        try await MuseumProcess.start(
            ["gateway"], ports: try MuseumProcess.freePorts().filter { $0.key == "gateway" }, redis: redis,
            environment: ["MUSEUM_URL": service.url, "BOOK_URL": service.url, "PROTECTED_MODE": "no"])
    }

    @Test func onlyKnownHeadersAreForwarded() async throws {
        let redis = try await RedisServer.start()
        let service = try StubServer(
            .says(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nX-Inner: secret\r\nServer: service\r\n"
                    + "Set-Cookie: a=b\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nTrailer: X\r\nVia: inner\r\n"
                    + "X-Request-Id: the-services-own\r\nConnection: X-Inner\r\nRetry-After: 1\r\n\r\n{}"))
        let gateway = try await Self.gateway(before: service, redis)
        let body = #"{"museumId":"a1","visitor":"kim"}"#
        let sent = """
            POST /books?size=1 HTTP/1.1\r\nHost: museum.example\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r
            Connection: Idempotency-Key, X-Request-Id, keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r
            Proxy-Authorization: Basic x\r\nTE: trailers\r\nTrailer: X\r\nUpgrade-Insecure-Requests: 1\r\nForwarded: for=1\r
            X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil\r\nX-Original-URL: /museums/a1/reservations\r
            X-HTTP-Method-Override: DELETE\r\nX-Inner: 1\r\nAuthorization: Bearer x\r\nCookie: a=b\r\nIdempotency-Key: k1\r
            X-Request-Id: from-outside\r\nAccept: application/hal+json\r\n\r\n\(body)
            """
        let outcome = try await RawExchange.run(Array(sent.utf8), port: gateway.ports["gateway"]!, timeout: .milliseconds(50))
        #expect(outcome.statuses == [200], "\(outcome.text)")
        let heard = try #require(service.received.first)
        let names = Set(
            heard.components(separatedBy: "\r\n\r\n")[0].components(separatedBy: "\r\n").dropFirst().map {
                $0.prefix { $0 != ":" }.lowercased()
            })
        #expect(
            names.subtracting(["connection"]) == [
                "host", "content-type", "content-length", "idempotency-key", "x-request-id", "accept",
            ],
            "\(heard)")
        #expect(heard.hasPrefix("POST /books?size=1 HTTP/1.1\r\n") && heard.hasSuffix(body), "\(heard)")
        #expect(heard.contains("from-outside") && !heard.contains("museum.example"))
        let answered = outcome.text.lowercased()
        for name in [
            "x-inner", "server:", "set-cookie", "keep-alive", "proxy-authenticate", "trailer", "via:", "the-services-own",
        ] {
            #expect(!answered.contains(name), "\(outcome.text)")
        }
        #expect(answered.contains("retry-after: 1") && answered.contains("x-request-id: from-outside"))
    }

    /// A service that answers nonsense, or more than it was asked: 502, and nobody else gets what is left over.
    @Test func invalidUpstreamResponsesAre502() async throws {
        let redis = try await RedisServer.start()
        let service = try StubServer(.hangsUp)
        let gateway = try await Self.gateway(before: service, redis)
        let visitor = Visitor(gateway.url("gateway"))
        let ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        let answers: [(answer: String, statuses: [Int])] = [
            ("nonsense\r\n\r\n", [502]), ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", [502]),
            ("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}", [502]),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [502]),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", [502]),
            ("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}", [502]),
            ("HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 200_000))\r\nContent-Length: 2\r\n\r\n{}", [502]),
            (ok + "Location: /a\rX-Evil: 1\r\nContent-Length: 2\r\n\r\n{}", [502]),
            (ok + "Content-Length: 2\r\n\r\n{}" + ok + "Content-Length: 6\r\n\r\nPOISON", [200, 502]),
            ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nPOISON", [502]),
        ]
        for (answer, statuses) in answers {
            service.change(.says(answer))
            let got = try await visitor.get("/museums")
            #expect(statuses.contains(got.status), "\(answer.prefix(80)): \(got.status) \(got.text)")
            #expect(got.header("X-Evil") == nil && !got.text.contains("POISON"))
            service.change(.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"))
            try await eventually("the next is answered by what was said to it") {
                let next = try await visitor.get("/museums")
                #expect(!next.text.contains("POISON"))
                return next.status == 200 && next.text == "[]"
            }
        }
    }
}
