import Foundation
import HTTPServer
import TestSupport
import Testing

/// A request gets the same response, byte by byte, whether the connection's event loop serves it or Hummingbird. Hummingbird serves
/// what comes in one segment with, and behind, a request for another route.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct BothWaysTests {
    /// The responses to a request alone, and behind a request that Hummingbird serves. The value of `Date` is left out: Hummingbird's
    /// may be a second behind.
    private func bothWays(_ request: String, port: Int) async throws -> (direct: String, hummingbird: String) {
        let first = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let direct = try await RawExchange.run(Array(request.utf8), port: port, timeout: .milliseconds(30)).text
        let behind = try await RawExchange.run(
            Array((first + request).utf8), port: port, timeout: .milliseconds(30), responses: 2
        ).text
        let end = try #require(behind.range(of: "alive\n"))
        return (dateless(direct), dateless(String(behind[end.upperBound...])))
    }

    private func dateless(_ response: String) -> String {
        response.replacing(#/\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/#, with: "\r\nDate\r\n", maxReplacements: 1)
    }

    /// Requests of every kind for the routes that are served directly.
    private static func requests(_ exhibition: String, _ booking: String) -> [String] {
        let id = "X-Request-Id: same"
        func get(_ path: String, _ fields: String...) -> String {
            "GET \(path) HTTP/1.1\r\nHost: localhost\r\n" + ([id] + fields).map { $0 + "\r\n" }.joined() + "\r\n"
        }
        func post(_ body: String, _ fields: [String] = ["Content-Type: application/json"]) -> String {
            "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n"
                + ([id] + fields).map { $0 + "\r\n" }.joined() + "\r\n" + body
        }
        let json = "Content-Type: application/json"
        let valid = #"{"museumId":"\#(exhibition)","visitor":"lee","seats":1}"#
        var requests: [String] = []
        for path in ["/museums/\(exhibition)", "/books/\(booking)", "/confirms/\(booking)", "/myPages/\(booking)"] {
            requests += [
                get(path), get(path, "Accept: application/hal+json"), get(path, "Accept: text/csv"), get(path, "If-Match: *"),
                get(path, "If-Match: \"x\""),
                get(path, "Connection: close"), get(path, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
                get(path + "?x=1"), get(path, "Content-Length: 0"), get(path, "Accept: */*;q=0.1, application/hal+json;q=0.2"),
            ]
        }
        for collection in ["museums", "books", "confirms", "myPages"] {
            requests += ["a999", "a999-7q2k9fx03mzr", "nonsense", "%7B%7D", "a1:b"].map { get("/\(collection)/\($0)") }
        }
        requests += [
            post(valid, [json, "Idempotency-Key: k1"]), post(valid, [json, "Idempotency-Key: \"k1\""]),
            post(valid.replacing("1}", with: "2}"), [json, "Idempotency-Key: k1"]),
            post(valid, [json, "Idempotency-Key: k1", "Accept: application/hal+json"]),
            post(valid, [json, "Idempotency-Key: "]), post(valid, [json, "Idempotency-Key: a b"]),
            post(valid, [json, "Idempotency-Key: a", "Idempotency-Key: b"]),
            post(valid, [json, "If-Match: \"x\""]),
            post(valid.replacing("1}", with: "101}")), post(valid.replacing("1}", with: "100}")),
            post(valid.replacing(exhibition, with: "a999")), post(valid.replacing("lee", with: "")), post(valid + "x"),
            post("{}"), post(""), post("[1]"), post("{\"museumId\":null}"), post(valid.replacing("seats", with: "other")),
            post(valid, ["Content-Type: text/plain"]), post(valid, []), post(valid, [json, "Content-Encoding: gzip"]),
            post(valid, ["Content-Type: application/json; charset=utf-16"]), post(String(repeating: " ", count: 16_385)),
            post(valid.replacing("lee", with: "\u{202E}lee")),
        ]
        return requests
    }

    @Test(arguments: Listeners.both)
    func sameBytes(behindGateway: Bool) async throws {
        let (museum, exhibition, booking) = try await Listeners.settled(behindGateway: behindGateway)
        let key = ["Idempotency-Key: k1"]
        let first = try await RawResponse.to(
            "POST", "/books", json: #"{"museumId":"\#(exhibition)","visitor":"lee","seats":1}"#, key, port: museum.port)
        let id = try #require(first.json["id"]?.text)
        try await eventually("it is complete, so that it changes no more") {
            try await museum.visitor.get("/myPages/\(id)").json["admission"]?.text == "CONFIRMED"
        }
        let roles = [
            "gateway": ["/museums", "/books", "/confirms", "/myPages"], "museum": ["/museums"], "book": ["/books"],
            "confirm": ["/confirms"], "mypage": ["/myPages"],
        ]
        var statuses: Set<String> = []
        for request in Self.requests(exhibition, booking) {
            for (role, paths) in roles where paths.contains(where: { request.contains(" \($0)") }) {
                let (direct, hummingbird) = try await bothWays(request, port: try #require(museum.ports[role]))
                #expect(direct == hummingbird, "\(role): \(request.prefix(300))")
                statuses.insert(String(direct.dropFirst(9).prefix(3)))
            }
        }
        #expect(statuses.isSuperset(of: ["200", "201", "400", "404", "409", "412", "413", "415", "422"]), "\(statuses)")
    }
}
