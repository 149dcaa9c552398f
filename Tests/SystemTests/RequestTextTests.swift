import Foundation
import HTTPServer
import TestSupport
import Testing

/// Text in bodies and queries, in whatever bytes clients send it.
@Suite(.timeLimit(.minutes(5)))
struct RequestTextTests {
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    @Test(arguments: Listeners.both)
    func byteOrderMark(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let fields = ["Content-Type: application/json; charset=utf-8"]
        let body = Array(#"{"hall":"가람","date":"2099-12-24","capacity":20}"#.utf8)
        let made = try await RawResponse.to("POST", "/museums", fields, body: Self.mark + body, port: museum.port)
        #expect(made.status == 201 && made.json["hall"]?.text == "가람", "\(made)")
        let booked = try await RawResponse.to(
            "POST", "/books", fields, body: Self.mark + Array(#" {"museumId":"a1","visitor":"kim"}"#.utf8), port: museum.port)
        #expect(booked.status == 201, "\(booked)")
        let canceled = try await RawResponse.to(
            "PATCH", booked.fields["location"] ?? "", fields, body: Self.mark + Array(#"{"status":"CANCELED"}"#.utf8),
            port: museum.port)
        #expect(canceled.status == 200, "\(canceled)")
        for wrong in [
            Self.mark, Self.mark + Self.mark + body, [0x20] + Self.mark + body, [0xFE, 0xFF] + body, [0xEF, 0xBB] + body,
        ] {
            let refused = try await RawResponse.to("POST", "/museums", fields, body: wrong, port: museum.port)
            #expect(refused.status == 400 && refused.problem == "malformed-json", "\(wrong.prefix(6)): \(refused)")
        }
    }

    @Test(arguments: Listeners.both)
    func queriesAsTheyAreTyped(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let port = museum.port
        let halls = ["가람", "é", "🏛", "A B", "a|b", "{x}", "[1]", "\"q\"", "<b>", "50%", "a^b`c", "A+B", "a#b", "한 & 국"]
        for hall in halls {
            let quoted = hall.replacing("\"", with: "\\\"")
            let made = try await museum.visitor.send(
                "POST", "/museums", #"{"hall":"\#(quoted)","date":"2099-12-24","capacity":20}"#)
            #expect(made.status == 201, "\(hall): \(made.text)")
        }
        // As typed, half of it encoded, all of it encoded, decomposed.
        let spellings: [(query: String, hall: String)] = [
            ("가람", "가람"), ("%EA%B0%80람", "가람"), ("가%eb%9e%8c", "가람"), ("%EA%B0%80%EB%9E%8C", "가람"),
            ("\u{1100}\u{1161}람", "가람"), ("%20가람+", "가람"), ("é", "é"), ("e\u{301}", "é"), ("%C3%A9", "é"), ("🏛", "🏛"),
            ("A+B", "A B"), ("A%20B", "A B"), ("a|b", "a|b"), ("a%7Cb", "a|b"), ("{x}", "{x}"), ("[1]", "[1]"),
            ("\"q\"", "\"q\""),
            ("<b>", "<b>"), ("50%25", "50%"), ("a^b`c", "a^b`c"), ("A%2BB", "A+B"), ("a#b", "a#b"), ("한+%26+국", "한 & 국"),
        ]
        for (query, hall) in spellings {
            let found = try await RawResponse.to("GET", "/museums?hall=\(query)&size=200", port: port)
            let names = (found.json["_embedded"]?["museums"]?.elements ?? []).compactMap { $0["hall"]?.text }
            #expect(found.status == 200 && names == [hall], "\(query): \(found)")
            // The link is a path that any client can follow.
            let link = found.json["_links"]?["self"]?["href"]?.text ?? ""
            #expect(link.hasPrefix("/museums?") && link.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "\(query): \(found)")
            #expect(try await museum.visitor.get(link).text == found.body, "\(query)")
        }
        for wrong: [UInt8] in [
            [0xFF], [0xC3], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC0, 0xAF], Array("가".utf8.dropLast()), Array("%FF".utf8),
            Array("%C3%28".utf8), Array("%zz".utf8), Array("%".utf8), Array("%4".utf8), Array("가%".utf8), Array("100%|".utf8),
        ] {
            for (path, name) in [("/museums?hall=", "hall"), ("/myPages?visitor=", "visitor"), ("/books?cursor=", "cursor")] {
                let refused = try await RawResponse.to("GET", Array(path.utf8) + wrong, port: port)
                #expect(refused.status == 400 && refused.problem == "invalid-parameter", "\(path) \(wrong): \(refused)")
                #expect(refused.json["parameter"]?.text == name, "\(path) \(wrong): \(refused)")
            }
        }
        let unknown = try await RawResponse.to("GET", "/museums?이름=x", port: port)
        #expect(unknown.status == 400 && unknown.json["parameter"]?.text == "이름", "\(unknown)")
    }

    /// A `next` link of a page whose query was spelt unusually leads on all the same.
    @Test(arguments: Listeners.both)
    func linksToTheNextPage(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        for day in 10...14 { _ = try await museum.visitor.register(capacity: 1, hall: "가람", date: "2099-12-\(day)") }
        var path = "/museums?hall=가람&%73ize=2"
        var dates: [String] = []
        for _ in 0..<3 {
            let page = try await RawResponse.to("GET", path, port: museum.port)
            dates += (page.json["_embedded"]?["museums"]?.elements ?? []).compactMap { $0["date"]?.text }
            path = page.json["_links"]?["next"]?["href"]?.text ?? ""
            // The cursor as a client may write it that encodes more than it must.
            path = path.replacing("cursor=", with: "%63ursor=")
        }
        #expect(dates == (10...14).map { "2099-12-\($0)" } && path.isEmpty, "\(dates) \(path)")
    }

    @Test(arguments: Listeners.both)
    func textThatShowsNothingOrReorders(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        _ = try await museum.settle()
        let before = try await museum.client.everything()
        for text in [
            "kim\u{202E}mik", "\u{202A}kim\u{202C}", "\u{2066}kim\u{2069}", "kim\u{2067}", "\u{200B}", "\u{3164}",
            "\u{115F}\u{1160}",
            "\u{2800}\u{2800}", "\u{FEFF}", "\u{FE0F}", "\u{3000}\u{200D} ", "\u{AD}", "k\u{85}m", "k\u{7F}m",
        ] {
            for (path, body, field) in [
                ("/books", #"{"museumId":"a1","visitor":"\#(text)"}"#, "visitor"),
                ("/museums", #"{"hall":"\#(text)","date":"2099-12-24","capacity":1}"#, "hall"),
                ("/museums", #"{"title":"\#(text)","hall":"A","date":"2099-12-24","capacity":1}"#, "title"),
            ] {
                let refused = try await RawResponse.to("POST", path, json: body, port: museum.port)
                #expect(refused.status == 422 && refused.json["field"]?.text == field, "\(text.debugDescription): \(refused)")
            }
            for method in ["hall", "title"] {
                let refused = try await RawResponse.to(
                    "PATCH", "/museums/a1", json: #"{"\#(method)":"\#(text)"}"#, port: museum.port)
                #expect(refused.status == 422, "\(text.debugDescription): \(refused)")
            }
            for path in ["/museums?hall=", "/myPages?visitor="] {
                let refused = try await RawResponse.to(
                    "GET", path + text.replacing(" ", with: "%20").replacing("\u{7F}", with: "%7F"), port: museum.port)
                #expect(refused.status == 400 && refused.problem == "invalid-parameter", "\(text.debugDescription): \(refused)")
            }
        }
        #expect(try await museum.client.everything() == before)
        for text in ["👨‍👩‍👧 가족", "❤️", "\u{1112}\u{119E}\u{11AB}글", "עברית\u{200F}!", "ㅋㅋ", "नमस्क\u{94D}\u{200D}ते", "1️⃣"] {
            let made = try await RawResponse.to(
                "POST", "/museums", json: #"{"title":" \#(text) ","hall":"\#(text)","date":"2099-12-24","capacity":1}"#,
                port: museum.port)
            #expect(made.status == 201 && made.json["title"]?.text == text, "\(text): \(made)")
            let found = try await RawResponse.to("GET", "/museums?hall=\(text.replacing(" ", with: "+"))", port: museum.port)
            #expect(found.json["_embedded"]?["museums"]?.elements?.count == 1, "\(text): \(found)")
        }
    }

    @Test(arguments: Listeners.both)
    func bodiesAtTheLimit(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let body = #"{"hall":"A","date":"2099-12-24","capacity":20}"#
        for (length, status) in [(16 << 10, 201), (16 << 10 + 1, 413)] {
            let padded = body + String(repeating: " ", count: length - body.utf8.count)
            let plain = try await RawResponse.to("POST", "/museums", json: padded, port: museum.port)
            #expect(plain.status == status, "\(plain)")
            let chunk = String(length, radix: 16) + "\r\n\(padded)\r\n0\r\n\r\n"
            let request =
                "POST /museums HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n\(chunk)"
            let chunked = try await RawExchange.run(Array(request.utf8), port: museum.port)
            #expect(chunked.statuses == [status], "\(chunked.text)")
            #expect(status == 201 || chunked.text.contains("/problems/content-too-large") && plain.problem == "content-too-large")
        }
    }
}
