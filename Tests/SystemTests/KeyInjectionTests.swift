import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// Whatever stands where an id, a name or a key is due: no key comes to be in Redis that is not one of ours.
@Suite(.timeLimit(.minutes(2)))
struct KeyInjectionTests {
    private static let seed = UInt64(20_261_124)

    /// `text` as a JSON string, surrogates and all.
    private static func quoted(_ text: String) -> String {
        var json = "\""
        for unit in text.utf16 {
            json += "\\u" + String(repeating: "0", count: 4 - String(unit, radix: 16).count) + String(unit, radix: 16)
        }
        return json + "\""
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func hostileNames() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(deployment.url("gateway"))
        let client = try redis.client()
        #expect(try await visitor.register(capacity: 100_000) == "a1")
        let first = try #require(try await visitor.book("a1", visitor: "kim").json["id"]?.text)
        try await eventually("the first has reached every service") {
            try await visitor.get("/myPages/\(first)").json["admission"]?.text == "CONFIRMED"
        }
        var expected = Set(try await client.send("KEYS", "*").asTexts())
        var random = SeededRandom(seed: Self.seed)
        var booked: [String] = []
        for number in 0..<150 {
            let text = number % 50 == 0 ? String(repeating: "x{a}:", count: number) : random.hostileText()
            let place = "seed \(Self.seed), number \(number): \(text.debugDescription.prefix(200))"
            let (json, path) = (Self.quoted(text), Self.encoded(text))
            var answers = [
                try await visitor.send("POST", "/books", #"{"museumId":\#(json),"visitor":"kim"}"#),
                try await visitor.get("/books?museumId=\(path)"), try await visitor.get("/books?cursor=\(path)"),
                try await visitor.get("/myPages?visitor=\(path)"), try await visitor.get("/museums?hall=\(path)"),
                try await visitor.get("/museums?date=\(path)"), try await visitor.get("/books?status=\(path)"),
            ]
            for member in ["museums", "books", "confirms", "myPages"] where !text.isEmpty {
                answers.append(try await visitor.get("/\(member)/\(path)"))
            }
            if !text.isEmpty {
                answers.append(try await visitor.delete("/museums/\(path)"))
                answers.append(try await visitor.send("PATCH", "/books/\(path)", #"{"status":"CANCELED"}"#))
            }
            for answer in answers {
                #expect(answer.status < 500 && ![201, 202].contains(answer.status), "\(place): \(answer.status) \(answer.text)")
            }
            let book = try await visitor.send("POST", "/books", #"{"museumId":"a1","visitor":\#(json)}"#)
            #expect([201, 422].contains(book.status), "\(place): \(book.status) \(book.text)")
            if let id = book.json["id"]?.text, let name = book.json["visitor"]?.text {
                booked.append(id)
                expected.formUnion(["book:{a}:\(id)", "confirm:{a}:\(id)", "mypage:{a}:\(id)", "mypage:{a}:visitor:\(name)"])
            }
            if number % 10 == 0 {
                let exhibition = try await visitor.send(
                    "POST", "/museums", #"{"hall":\#(json),"title":\#(json),"date":"2099-12-24","capacity":1}"#)
                #expect([201, 422].contains(exhibition.status), "\(place): \(exhibition.text)")
                if let id = exhibition.json["id"]?.text { expected.formUnion(["museum:{a}:\(id)", "mypage:{a}:\(id)"]) }
            }
        }
        #expect(booked.count > 30)
        try await eventually("the last has reached every service") {
            try await visitor.get("/myPages/\(booked.last!)").json["admission"]?.text == "CONFIRMED"
        }
        let foreign = Set(try await client.send("KEYS", "*").asTexts()).subtracting(expected)
        // Consumers note how far they are, each service in a key of its own.
        #expect(foreign.filter { !$0.contains(/^[a-z]+:\{a\}:progress:[a-z]+$/) } == [], "seed \(Self.seed)")
        let audit = try await deployment.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
    }
}
