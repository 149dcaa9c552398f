import HTTPServer
import Redis
import TestSupport
import Testing

/// A whole museum whose Redis is spoken to over TLS alone.
@Suite(.timeLimit(.minutes(2)))
struct TLSTests {
    @Test func booksOverTLS() async throws {
        let authority = try await Authority.make()
        let ports = try FreePorts.take(2)
        let signed = try await authority.sign("DNS:localhost,IP:127.0.0.1")
        let redis = try await RedisServer.start(RedisServer.tls(port: ports[0], signed, by: authority))
        let own = try await RedisServer.start(RedisServer.tls(port: ports[1], signed, by: authority))
        // In plain there is nothing to be had.
        for server in [redis, own] { _ = try await server.client().send("CONFIG", "SET", "port", "0") }
        let museum = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis,
            environment: [
                "REDIS_URL": "rediss://localhost:\(ports[0])?ca=\(authority.certificate)",
                "MYPAGE_REDIS_URL": "rediss://127.0.0.1:\(ports[1])/1?ca=\(authority.certificate)",
            ])
        let visitor = Visitor(museum.url("gateway"))
        let exhibition = try await visitor.register(capacity: 20)
        let booked = try await visitor.book(exhibition, visitor: "kim", seats: 2)
        let id = try #require(booked.json["id"]?.text)
        #expect(booked.status == 201)
        try await eventually("the page is there") {
            try await visitor.get("/myPages/\(id)").json["admission"]?.text == "CONFIRMED"
        }
        let audit = try await museum.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
        // Thrown out, it comes back by itself.
        for server in [redis, own] { _ = try await server.client().send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") }
        try await eventually("bookings again") {
            try await visitor.book(exhibition, visitor: "lee", key: "again").status == 201
        }
        #expect(try await museum.run("audit").code == 0)
        #expect(try await museum.stop() == 0)
    }
}
