import Foundation
import HTTPServer
import TestSupport
import Testing

/// What clients may put into a request, spelt as they spell it, and what is refused without a trace.
@Suite(.timeLimit(.minutes(5)))
struct RequestStandardsTests {
    private static let json = "Content-Type: application/json"

    private struct Change {
        let method: String
        let path: String
        let body: String
    }

    /// Every request with a body.
    private static func changes(_ exhibition: String, _ booking: String) -> [Change] {
        [
            Change(method: "POST", path: "/museums", body: #"{"hall":"B","date":"2099-12-24","capacity":20}"#),
            Change(method: "PATCH", path: "/museums/\(exhibition)", body: #"{"hall":"B"}"#),
            Change(method: "POST", path: "/books", body: #"{"museumId":"\#(exhibition)","visitor":"lee"}"#),
            Change(method: "PATCH", path: "/books/\(booking)", body: #"{"status":"CANCELED"}"#),
            Change(method: "PUT", path: "/books/\(booking)", body: #"{"status":"CANCELED","visitor":"kim"}"#),
        ]
    }

    @Test(arguments: Listeners.both)
    func contentThatIsNotRead(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let (exhibition, booking) = try await museum.settle()
        let before = try await museum.client.everything()
        let wrong: [(lines: [String], field: String?, value: String)] = [
            ([Self.json, "Content-Encoding: gzip"], "accept-encoding", "identity"),
            ([Self.json, "content-encoding:BR"], "accept-encoding", "identity"),
            ([Self.json, "Content-Encoding: identity, deflate"], "accept-encoding", "identity"),
            ([Self.json, "Content-Encoding: identity", "Content-Encoding: gzip"], "accept-encoding", "identity"),
            (["Content-Type: application/json; charset=iso-8859-1"], nil, ""),
            (["Content-Type: application/json;CHARSET=\"UTF-16\""], nil, ""),
            (["Content-Type: application/json; charset=euc-kr"], nil, ""),
            (["Content-Type: application/json; charset=utf-8; charset=us-ascii"], nil, ""),
            ([], "accept", "application/json, application/merge-patch+json, application/hal+json"),
            (["Content-Type:"], "accept", "application/json, application/merge-patch+json, application/hal+json"),
            (["Content-Type: application/x-www-form-urlencoded"], nil, ""), (["Content-Type: text/plain;charset=UTF-8"], nil, ""),
            (["Content-Type: application/jsonx"], nil, ""), (["Content-Type: application/json-patch+json"], nil, ""),
            ([Self.json, Self.json], nil, ""), ([Self.json, "Content-Type: text/plain"], nil, ""),
            (["Content-Type: text/plain", Self.json], nil, ""), (["Content-Type: application/json, text/plain"], nil, ""),
        ]
        for change in Self.changes(exhibition, booking) {
            for (lines, field, value) in wrong {
                let response = try await RawResponse.to(
                    change.method, change.path, lines, body: Array(change.body.utf8), port: museum.port)
                #expect(response.status == 415 && response.problem == "unsupported-media-type", "\(change) \(lines): \(response)")
                let isRegistration = change.method == "POST" && change.path == "/museums"
                let expected = field == "accept" && isRegistration ? value + ", text/csv" : value
                if let field { #expect(response.fields[field] == expected, "\(change) \(lines): \(response)") }
            }
        }
        #expect(try await museum.client.everything() == before)

        for lines in [
            ["Content-Type: Application/JSON; Charset=UTF-8"], ["Content-Type: application/json;charset=\"utf-8\""],
            ["Content-Type: application/merge-patch+json"], ["Content-Type: application/hal+json;profile=\"x\""],
            [Self.json, "Content-Encoding: identity"], [Self.json, "Content-Encoding: Identity"],
            [Self.json, "Content-Encoding:"],
        ] {
            let changed = try await RawResponse.to(
                "PATCH", "/museums/\(exhibition)", lines, body: Array(#"{"hall":"C"}"#.utf8), port: museum.port)
            #expect(changed.status == 200, "\(lines): \(changed)")
        }
    }

    @Test(arguments: Listeners.both)
    func ifMatch(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let (exhibition, booking) = try await museum.settle()
        let before = try await museum.client.everything()
        let wrong: [[String]] = [
            ["If-Match: \"1\""], ["if-match:\"x\""], ["IF-MATCH: W/\"1\""], ["If-Match: 1"], ["If-Match: \"a\", \"b\""],
            ["If-Match: \"*\""], ["If-Match: *, \"1\""], ["If-Match: **"], ["If-Match:"], ["If-Match: *", "If-Match: \"1\""],
        ]
        var changes = Self.changes(exhibition, booking)
        for path in ["/museums/\(exhibition)", "/books/\(booking)"] {
            changes.append(Change(method: "DELETE", path: path, body: ""))
            changes.append(Change(method: "GET", path: path, body: ""))
        }
        changes += ["/", "/museums", "/books?size=1", "/confirms/\(booking)", "/myPages?visitor=kim"]
            .map { Change(method: "GET", path: $0, body: "") }
        for change in changes {
            for lines in wrong {
                let response = try await RawResponse.to(change.method, change.path, json: change.body, lines, port: museum.port)
                #expect(response.status == 412 && response.problem == "precondition-failed", "\(change) \(lines): \(response)")
            }
        }
        #expect(try await museum.client.everything() == before)
        // What is not there, or takes no such method, says so first.
        #expect(try await RawResponse.to("GET", "/nowhere", wrong[0], port: museum.port).status == 404)
        #expect(try await RawResponse.to("DELETE", "/books", wrong[0], port: museum.port).status == 405)
        for lines in [["If-Match: *"], ["if-match:  *  "]] {
            let changed = try await RawResponse.to(
                "PATCH", "/museums/\(exhibition)", json: #"{"hall":"C"}"#, lines, port: museum.port)
            #expect(changed.status == 200, "\(lines): \(changed)")
            #expect(try await RawResponse.to("GET", "/museums", lines, port: museum.port).status == 200)
        }
        #expect(try await RawResponse.to("DELETE", "/books/\(booking)", ["If-Match: *"], port: museum.port).status == 200)
    }

    @Test(arguments: Listeners.both)
    func nulls(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let port = museum.port
        let made = try await RawResponse.to(
            "POST", "/museums",
            json: #"{"title":null,"hall":"A","date":"2099-12-24","capacity":20,"startTime":null,"endTime":null}"#, port: port)
        #expect(made.status == 201 && made.json["title"] == nil && made.json["startTime"] == nil, "\(made)")
        let booked = try await RawResponse.to(
            "POST", "/books", json: #"{"museumId":"a1","visitor":"kim","seats":null}"#, port: port)
        #expect(booked.status == 201 && booked.json["seats"]?.integer == 1, "\(booked)")
        let booking = "/books/" + (booked.json["id"]?.text ?? "")
        let wrong: [(method: String, path: String, body: String, field: String)] = [
            ("POST", "/museums", #"{"hall":null,"date":"2099-12-24","capacity":20}"#, "hall"),
            ("POST", "/museums", #"{"hall":"A","date":null,"capacity":20}"#, "date"),
            ("POST", "/museums", #"{"hall":"A","date":"2099-12-24","capacity":null}"#, "capacity"),
            ("POST", "/museums", #"{"hall":"A","date":"2099-12-24","capacity":20,"price":null}"#, "price"),
            ("POST", "/museums", #"{"hall":"A","date":"2099-12-24","capacity":20,"title":null,"title":"x"}"#, "title"),
            (
                "POST", "/museums", #"{"hall":"A","date":"2099-12-24","capacity":20,"startTime":null,"endTime":"10:00"}"#,
                "endTime"
            ),
            ("POST", "/books", #"{"museumId":null,"visitor":"kim"}"#, "museumId"),
            ("POST", "/books", #"{"museumId":"a1","visitor":null}"#, "visitor"),
            ("POST", "/books", #"{"museumId":"a1","visitor":"kim","status":null}"#, "status"),
            ("PATCH", "/museums/a1", #"{"hall":null}"#, "hall"), ("PATCH", "/museums/a1", #"{"date":null}"#, "date"),
            ("PATCH", "/museums/a1", #"{"capacity":null}"#, "capacity"), ("PATCH", "/museums/a1", #"{"status":null}"#, "status"),
            ("PATCH", "/museums/a1", #"{"version":null}"#, "version"), ("PATCH", "/museums/a1", #"{"id":null}"#, "id"),
            ("PATCH", booking, #"{"status":null}"#, "status"),
            ("PATCH", booking, #"{"status":"CANCELED","visitor":null}"#, "visitor"),
            ("PATCH", booking, #"{"status":"CANCELED","seats":null}"#, "seats"),
            ("PUT", booking, #"{"status":"CANCELED","museumId":null}"#, "museumId"),
            ("PUT", booking, #"{"status":"CANCELED","visitor":null,"seats":1}"#, "visitor"),
            ("PUT", booking, #"{"status":"CANCELED","seats":null}"#, "seats"),
        ]
        for (method, path, body, field) in wrong {
            let response = try await RawResponse.to(method, path, json: body, port: port)
            #expect(response.status == 422 && response.problem == "invalid-field", "\(method) \(body): \(response)")
            #expect(response.json["field"]?.text == field, "\(method) \(body): \(response)")
        }
        #expect(try await museum.visitor.get("/museums/a1").json["version"]?.integer == 1)
        #expect(try await museum.visitor.get(booking).json["status"]?.text?.hasPrefix("REQUEST") == true)
        // JSON Merge Patch clears what may be absent.
        let named = try await RawResponse.to(
            "PATCH", "/museums/a1", json: #"{"title":"T","startTime":"10:00","endTime":"11:00"}"#, port: port)
        #expect(named.json["title"]?.text == "T" && named.json["endTime"]?.text == "11:00", "\(named)")
        let cleared = try await RawResponse.to(
            "PATCH", "/museums/a1", json: #"{"title":null,"startTime":null,"endTime":null}"#, port: port)
        #expect(cleared.status == 200 && cleared.json["title"] == nil && cleared.json["startTime"] == nil, "\(cleared)")
        // What a client may send back as it got it is not looked at.
        let canceled = try await RawResponse.to(
            "PUT", booking, json: #"{"status":"CANCELED","id":null,"version":null,"createdAt":null,"_links":null}"#, port: port)
        #expect(canceled.status == 200 && canceled.json["status"]?.text == "CANCELED", "\(canceled)")
    }

    @Test(arguments: Listeners.both)
    func numbers(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let port = museum.port
        for (text, number) in [
            ("20", 20), ("\"20\"", 20), ("\"000000020\"", 20), ("20.0", 20), ("2e1", 20), ("2E+1", 20), ("200e-1", 20),
            ("0.2e2", 20),
            ("1e6", 1_000_000), ("1000000.000", 1_000_000), ("20.0e00", 20),
        ] {
            let made = try await RawResponse.to(
                "POST", "/museums", json: #"{"hall":"A","date":"2099-12-24","capacity":\#(text)}"#, port: port)
            #expect(made.status == 201 && made.json["capacity"] == .number(String(number)), "\(text): \(made)")
        }
        for text in [
            "0", "-0", "0e9", "2.5", "-2.0", "1e-1", "1e7", "1e400", "-1e400", "1e99999999999999999999",
            "1e-99999999999999999999",
            "\"2.0\"", "\"1e1\"", "\"\"", "\"0000000020\"", "\" 20\"", "\"20 \"", "\"+20\"", "\"-20\"", "\"2_0\"", "\"٢٠\"",
            "\"２０\"", "true",
            "[20]", "{}", "20." + String(repeating: "0", count: 9000) + "1",
        ] {
            let refused = try await RawResponse.to(
                "POST", "/museums", json: #"{"hall":"A","date":"2099-12-24","capacity":\#(text)}"#, port: port)
            #expect(refused.status == 422 && refused.json["field"]?.text == "capacity", "\(text.prefix(40)): \(refused)")
        }
        for text in ["+20", "020", ".5", "20.", "2e", "0x14", "NaN", "Infinity"] {
            let refused = try await RawResponse.to(
                "POST", "/museums", json: #"{"hall":"A","date":"2099-12-24","capacity":\#(text)}"#, port: port)
            #expect(refused.status == 400 && refused.problem == "malformed-json", "\(text): \(refused)")
        }
        for (text, seats) in [("2.0", 2), ("1e1", 10), ("\"3\"", 3)] {
            let booked = try await RawResponse.to(
                "POST", "/books", json: #"{"museumId":"a1","visitor":"kim","seats":\#(text)}"#, port: port)
            #expect(booked.status == 201 && booked.json["seats"] == .number(String(seats)), "\(text): \(booked)")
            let canceled = try await RawResponse.to(
                "PUT", "/books/" + (booked.json["id"]?.text ?? ""), json: #"{"status":"CANCELED","seats":\#(text)}"#, port: port)
            #expect(canceled.status == 200, "\(text): \(canceled)")
        }
        let changed = try await RawResponse.to(
            "PATCH", "/museums/a1", json: #"{"capacity":3e1,"version":1.0}"#, port: port)
        #expect(changed.json["capacity"] == .number("30") && changed.json["version"] == .number("2"), "\(changed)")
        // Between services, too.
        let inner = try await RawResponse.to(
            "POST", "/museums/a1/reservations",
            json: #"{"reservations":[{"bookId":"a1-000000000000","seats":2.0,"visitor":"kim"}]}"#, port: museum.ports["museum"]!)
        #expect(inner.status == 200 && inner.json["outcomes"]?.elements?.first?["word"]?.text == "RESERVED", "\(inner)")
    }
}
