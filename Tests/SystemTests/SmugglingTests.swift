import Foundation
import HTTPServer
import Platform
import Redis
import TestSupport
import Testing

/// Requests that two servers could understand in two ways, at the gateway with all services behind it. Each has as many
/// answers as RFC 9112 counts requests, nothing hidden in one is done, and where the framing is ambiguous the connection ends.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SmugglingTests {
    struct Vector: Sendable {
        let name: String
        let bytes: String
        /// The answers, interim ones included, and after them the end of the connection where that is due.
        let statuses: [Int]
        var ends = true
        /// Bookings it makes by right.
        var bookings = 0
    }

    /// What must not be done: a booking, hidden in another request's bytes.
    static let hidden = post("/books", #"{"museumId":"a1","visitor":"hidden"}"#)
    static let proper = #"{"museumId":"a1","visitor":"proper"}"#

    static func post(_ path: String, _ body: String, _ fields: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }

    /// A head whose framing is as given, with a body that hides a request.
    static func framed(_ fields: String, _ body: String = "0\r\n\r\n" + hidden, version: String = "1.1") -> String {
        "POST /books HTTP/\(version)\r\nHost: localhost\r\nContent-Type: application/json\r\n\(fields)\r\n\r\n\(body)"
    }

    static func get(_ target: String, _ fields: String = "Host: localhost\r\n", version: String = "HTTP/1.1") -> String {
        "GET \(target) \(version)\r\n\(fields)\r\n"
    }

    static var vectors: [Vector] {
        let chunked = "Transfer-Encoding: chunked"
        let whole = String(proper.utf8.count, radix: 16) + "\r\n\(proper)\r\n0\r\n"
        let next = get("/")
        // Each is refused with its head, once.
        let refusedFraming: [(String, String)] = [
            ("CL and TE", framed("Content-Length: 5\r\n\(chunked)")),
            ("TE and CL", framed("\(chunked)\r\nContent-Length: 5")),
            ("two CL that differ", framed("Content-Length: 0\r\nContent-Length: 5")),
            ("two CL that agree", framed("Content-Length: 5\r\nContent-Length: 5")),
            ("CL +5", framed("Content-Length: +5")), ("CL -5", framed("Content-Length: -5")),
            ("CL 5,5", framed("Content-Length: 5,5")), ("CL 5 5", framed("Content-Length: 5 5")),
            ("CL 0x5", framed("Content-Length: 0x5")), ("CL 5x", framed("Content-Length: 5x")),
            ("CL 5.0", framed("Content-Length: 5.0")), ("CL of nothing", framed("Content-Length: ")),
            ("CL over 2^64", framed("Content-Length: 18446744073709551621")),
            ("CL in Arabic digits", framed("Content-Length: \u{665}")),
            ("CL folded", framed("Content-Length:\r\n 5")), ("TE folded", framed("Transfer-Encoding:\r\n chunked")),
            ("a folded value", framed("X: a\r\n b\r\nContent-Length: 0")),
            ("space before the colon of TE", framed("Transfer-Encoding : chunked\r\nContent-Length: 5")),
            ("space before the colon of CL", framed("Content-Length : 5")),
            ("tab before the colon", framed("Transfer-Encoding\t: chunked")),
            ("TE xchunked", framed("Transfer-Encoding: xchunked")), ("TE chunkedx", framed("Transfer-Encoding: chunkedx")),
            ("TE chunked, identity", framed("Transfer-Encoding: chunked, identity")),
            ("TE identity, chunked", framed("Transfer-Encoding: identity, chunked")),
            ("TE gzip, chunked", framed("Transfer-Encoding: gzip, chunked")),
            ("TE identity", framed("Transfer-Encoding: identity\r\nContent-Length: 5")),
            ("TE twice", framed("\(chunked)\r\n\(chunked)")),
            ("TE chunked, then identity", framed("\(chunked)\r\nTransfer-Encoding: identity")),
            ("TE with a parameter", framed("Transfer-Encoding: chunked;q=1")),
            ("TE in quotes", framed("Transfer-Encoding: \"chunked\"")),
            ("TE with a vertical tab", framed("Transfer-Encoding: \u{0B}chunked")),
            ("TE with NUL", framed("Transfer-Encoding: chunked\0")),
            ("TE of nothing", framed("Transfer-Encoding: ")),
            ("TE in HTTP/1.0", framed(chunked, version: "1.0")),
            ("a header of no name", framed(": x\r\nContent-Length: 0")),
            ("a line without colon", framed("Content-Length\r\nContent-Length: 0")),
            ("NUL in a value", framed("X: a\0b\r\nContent-Length: 0")),
            ("NUL in a name", framed("X\0: a\r\nContent-Length: 0")),
            ("bare CR in a value", framed("X: a\rContent-Length: 5\r\nContent-Length: 0")),
            ("bare CR in a request id", framed("X-Request-Id: a\rX: b\r\nContent-Length: 0")),
            ("space before the first field", "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n" + hidden),
            ("Host missing", "GET / HTTP/1.1\r\n\r\n" + hidden),
            ("Host twice", get("/", "Host: localhost\r\nHost: b\r\n") + hidden),
            ("Host with a path", get("/", "Host: a/b\r\n") + hidden),
            ("Host of two", get("/", "Host: a, b\r\n") + hidden),
            ("authority-form", get("a:80") + hidden), ("asterisk-form", get("*") + hidden),
            ("no target", "GET  HTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden),
            ("a target with a space", get("/ /") + hidden), ("a target with a tab", get("/\t") + hidden),
            ("a target with NUL", get("/\0") + hidden),
            ("a method in UTF-8", "GET\u{E9} / HTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden),
            ("a version in UTF-8", get("/", version: "HTTP/1.1\u{E9}") + hidden),
            ("a target in UTF-8 with DEL", get("/\u{E9}\u{7F}") + hidden),
            ("ftp", get("ftp://a/") + hidden),
            ("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden),
            ("HTTP/0.9", "GET /\r\n" + hidden), ("HTTP/1.2", get("/", version: "HTTP/1.2") + hidden),
            ("HTTP/2.0", get("/", version: "HTTP/2.0") + hidden), ("HTTP/11", get("/", version: "HTTP/11") + hidden),
            ("http/1.1", get("/", version: "http/1.1") + hidden), ("HTTP/01.1", get("/", version: "HTTP/01.1") + hidden),
            ("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden),
            ("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n" + hidden),
            ("an unknown method", "BOOK / HTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden),
            ("a method in lower case", "get / HTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden),
        ]
        var vectors = refusedFraming.map { Vector(name: $0.0, bytes: $0.1, statuses: [400]) }
        // The head is in order, the body is not: its route says so, and no more is read.
        let refusedBodies: [(String, String)] = [
            ("chunk size of nothing", "\r\n"), ("chunk size x", "x\r\n"), ("chunk size 0x5", "0x5\r\n"),
            ("chunk size -1", "-1\r\n"),
            ("chunk size +5", "+5\r\n"), ("chunk size  5", " 5\r\n"), ("chunk size over 2^64", "10000000000000005\r\n"),
            ("chunk size ffffffffffffffff1", "ffffffffffffffff1\r\n"), ("chunk longer than its size", "1\r\n{}\r\n"),
            ("chunk without its end", "2\r\n{}0\r\n\r\n"), ("chunk extension with NUL", "2;a=\0\r\n{}\r\n0\r\n\r\n"),
            ("chunk extension with bare CR", "2;a\rb\r\n{}\r\n0\r\n\r\n"), ("bare CR behind a size", "2\r{}\r\n0\r\n\r\n"),
            ("bare LF behind a size", "2\n{}\r\n0\r\n\r\n"), ("space behind a size", "2 \r\n{}\r\n0\r\n\r\n"),
            ("bare LF behind a chunk", "2\r\n{}\n0\r\n\r\n"), ("trailer without colon", "2\r\n{}\r\n0\r\nX\r\n\r\n"),
            ("folded trailer", "2\r\n{}\r\n0\r\nX: a\r\n b\r\n\r\n"),
        ]
        vectors += refusedBodies.map { Vector(name: $0.0, bytes: framed(chunked, $0.1 + hidden), statuses: [400]) }
        vectors += [
            Vector(
                name: "a proper booking", bytes: post("/books", proper) + next, statuses: [201, 200], ends: false, bookings: 1),
            Vector(
                name: "in chunks", bytes: framed(chunked, whole + "\r\n") + next, statuses: [201, 200], ends: false, bookings: 1),
            Vector(
                name: "in chunks, with extension and trailers",
                bytes: framed(chunked, whole.replacing("\r\n{", with: ";a=b\r\n{") + "Idempotency-Key: a b\r\nHost: b\r\n\r\n")
                    + next,
                statuses: [201, 200], ends: false, bookings: 1),
            // The parser refuses what no trailer may say.
            Vector(
                name: "CL as a trailer", bytes: framed(chunked, whole + "Content-Length: 5\r\n\r\n" + hidden), statuses: [400]),
            Vector(name: "TE as a trailer", bytes: framed(chunked, whole + chunked + "\r\n\r\n" + hidden), statuses: [400]),
            Vector(
                name: "TE in capitals", bytes: framed("TRANSFER-ENCODING: Chunked", whole + "\r\n") + next, statuses: [201, 200],
                ends: false, bookings: 1),
            Vector(
                name: "CL with leading zeros and spaces",
                bytes: post("/books", proper).replacing("Length: ", with: "Length:  00") + next, statuses: [201, 200],
                ends: false,
                bookings: 1),
            Vector(
                name: "a GET with a body", bytes: "GET" + post("/", hidden).dropFirst(4) + next, statuses: [200, 200], ends: false
            ),
            Vector(
                name: "a DELETE with a body", bytes: "DELETE" + post("/books/a1-000000000000", hidden).dropFirst(4) + next,
                statuses: [404, 200], ends: false),
            Vector(name: "HEAD", bytes: get("/").replacing("GET", with: "HEAD") + next, statuses: [200, 200], ends: false),
            Vector(name: "absolute-form", bytes: get("http://b/museums/a1?") + next, statuses: [200, 200], ends: false),
            Vector(name: "absolute-form without a path", bytes: get("HTTP://b") + next, statuses: [200, 200], ends: false),
            Vector(
                name: "absolute-form of the inner route", bytes: post("http://b/museums/a1/reservations", "{}") + next,
                statuses: [404, 200], ends: false),
            Vector(name: "a target in UTF-8", bytes: get("/\u{E9}") + next, statuses: [404, 200], ends: false),
            Vector(name: "a query in UTF-8", bytes: get("/museums?hall=\u{E9}") + next, statuses: [200, 200], ends: false),
            Vector(
                name: "a query in UTF-8 that hides a request",
                bytes: get("/museums?hall=\u{E9}%0d%0a%0d%0a" + hidden.prefix { $0 != " " }) + next, statuses: [400, 200],
                ends: false),
            Vector(
                name: "a query in UTF-8, and a body in it",
                bytes: post("/books?\u{E9}", proper.replacing("proper", with: "pr\u{F6}per")) + next, statuses: [201, 200],
                ends: false, bookings: 1),
            Vector(name: "//", bytes: get("//b/museums") + next, statuses: [404, 200], ends: false),
            Vector(name: "/../", bytes: get("/museums/../books") + next, statuses: [404, 200], ends: false),
            Vector(name: "%2e%2e", bytes: get("/museums/%2e%2e/books") + next, statuses: [404, 200], ends: false),
            Vector(name: "%2e%2e as an id", bytes: get("/museums/%2e%2e") + next, statuses: [404, 200], ends: false),
            Vector(name: "%2F in an id", bytes: get("/museums/a1%2Freservations") + next, statuses: [404, 200], ends: false),
            Vector(name: "CR LF in an id", bytes: get("/museums/a1%0d%0aX:%20y") + next, statuses: [404, 200], ends: false),
            Vector(name: "CR LF in a query", bytes: get("/museums?hall=%0d%0aX:%20y") + next, statuses: [400, 200], ends: false),
            Vector(name: "NUL in an id", bytes: get("/museums/a1%00") + next, statuses: [404, 200], ends: false),
            Vector(name: "? in an id", bytes: get("/museums/a1%3Fsize=1") + next, statuses: [404, 200], ends: false),
            Vector(name: "TRACE", bytes: get("/").replacing("GET", with: "TRACE") + next, statuses: [405, 200], ends: false),
            Vector(name: "HTTP/1.0", bytes: get("/", "", version: "HTTP/1.0") + hidden, statuses: [200]),
            Vector(
                name: "HTTP/1.0, kept alive", bytes: get("/", "Connection: keep-alive\r\n", version: "HTTP/1.0") + hidden,
                statuses: [200]),
            Vector(
                name: "the last request", bytes: get("/", "Host: localhost\r\nConnection: close\r\n") + hidden, statuses: [200]),
            Vector(
                name: "the last but one", bytes: next + get("/", "Host: localhost\r\nConnection: x, Close\r\n") + hidden,
                statuses: [200, 200]),
            Vector(
                name: "an upgrade to h2c",
                bytes: get(
                    "/", "Host: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n")
                    + hidden,
                statuses: [200]),
            Vector(
                name: "an upgrade with a body",
                bytes: post("/books", proper, "Connection: Upgrade\r\nUpgrade: websocket\r\n") + hidden,
                statuses: [201], bookings: 1),
            Vector(
                name: "Expect: 100-continue", bytes: post("/books", proper, "Expect: 100-continue\r\n") + next,
                statuses: [100, 201, 200],
                ends: false, bookings: 1),
            Vector(
                name: "Expect: 100-continue and too much",
                bytes: post("/books", "", "Expect: 100-continue\r\n")
                    .replacing("Length: 0", with: "Length: 100000") + hidden, statuses: [413]),
            Vector(name: "refused in the middle", bytes: next + framed("Content-Length: +5") + next, statuses: [200, 400]),
            Vector(name: "bare LF as line ends", bytes: get("/").replacing("\r\n", with: "\n") + hidden, statuses: [400]),
            Vector(name: "empty lines in front", bytes: "\r\n\r\n" + next + next, statuses: [200, 200], ends: false),
            Vector(
                name: "CR LF in a request id, encoded", bytes: get("/", "Host: localhost\r\nX-Request-Id: a%0d%0aX:b\r\n") + next,
                statuses: [200, 200], ends: false),
        ]
        return vectors
    }

    @Test func everyVector() async throws {
        let deployment = try await TestDeployment.open()
        let client = try deployment.redis.client()
        #expect(try await deployment.visitor.register(capacity: 1_000_000) == "a1")
        let port = deployment["gateway"].ports["gateway"]!
        var bookings = 0
        var slowest = Duration.zero
        for vector in Self.vectors {
            let start = ContinuousClock.now
            // Where a further answer would be a fault, some time is given for it to come.
            let outcome = try await RawExchange.run(
                Array(vector.bytes.utf8), port: port, timeout: .milliseconds(vector.ends ? 1500 : 60),
                responses: vector.statuses.count)
            slowest = max(slowest, ContinuousClock.now - start)
            #expect(outcome.statuses == vector.statuses, "\(vector.name): \(outcome.text)")
            if vector.ends { #expect(outcome.isOver, "\(vector.name)") }
            #expect(!outcome.text.contains("\nX: y") && !outcome.text.contains("\nX:b"), "\(vector.name): \(outcome.text)")
            bookings += vector.bookings
            let made = try await client.send("HLEN", "museum:{a}:a1:seats").asInteger()
            #expect(made == bookings, "\(vector.name): \(outcome.text)")
            bookings = made
        }
        print("\(Self.vectors.count) vectors, \(bookings) bookings, slowest \(slowest)")
        let visitors = try await deployment.visitor.all("books").compactMap { $0["visitor"]?.text }
        #expect(Set(visitors) == ["proper", "pr\u{F6}per"])
        #expect(!deployment["gateway"].printed().contains("bug") && !deployment["book"].printed().contains("bug"))
    }

    /// The inner route, spelt in every way that a router might take for it.
    @Test func theInternalRouteIsNotExposed() async throws {
        let deployment = try await TestDeployment.open()
        let client = try deployment.redis.client()
        _ = try await deployment.visitor.register(capacity: 10)
        let body = #"{"reservations":[{"bookId":"a1-000000000000","seats":1,"visitor":"hidden"}]}"#
        let port = deployment["gateway"].ports["gateway"]!
        for target in [
            "/museums/a1/reservations", "/museums/a1/reservations/", "//museums//a1//reservations", "/museums/a1//reservations",
            "/museums/a1%2Freservations", "/museums/a1%2freservations", "/museums%2Fa1%2Freservations",
            "/museums/a1/%72eservations",
            "/%6Duseums/a1/reservations", "/museums/%61%31/reservations", "/./museums/a1/reservations",
            "/museums/./a1/reservations",
            "/museums/a1/./reservations", "/museums/x/../a1/reservations", "/museums/x/%2e%2e/a1/reservations",
            "/books/../museums/a1/reservations", "/MUSEUMS/a1/reservations", "/museums/a1/RESERVATIONS",
            "/museums/a1/reservations?x=1", "/museums/a1/reservations?", "/museums/a1/reservations#x",
            "/museums/a1/reservations;x",
            "/museums;x/a1/reservations", "/museums/a1/reservations%20", "/museums/a1/reservations%00",
            "/museums/a1\\reservations",
            "/museums/a1%5Creservations", "/museums/a1/reservations/..", "http://a/museums/a1/reservations",
            "http://a//museums/a1/reservations", "/http://a/museums/a1/reservations", "/museums/a1%252Freservations",
        ] {
            let outcome = try await RawExchange.run(Array(Self.post(target, body).utf8), port: port, timeout: .milliseconds(30))
            let allowed =
                target == "/museums/a1\\reservations" || target.contains("%5C") || target.contains("%25") ? [404, 405] : [404]
            #expect(outcome.statuses.count == 1 && allowed.contains(outcome.statuses.first ?? 0), "\(target): \(outcome.text)")
        }
        #expect(try await client.send("EXISTS", "museum:{a}:a1:seats") == .integer(0))
        // On Museum's own port it is there: the test would notice.
        let inner = try await RawExchange.run(
            Array(Self.post("/museums/a1/reservations", body).utf8), port: deployment["museum"].ports["museum"]!)
        #expect(inner.statuses == [200], "\(inner.text)")
        #expect(try await client.send("EXISTS", "museum:{a}:a1:seats") == .integer(1))
    }
}
