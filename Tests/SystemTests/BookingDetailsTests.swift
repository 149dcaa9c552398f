import HTTPServer
import Redis
import TestSupport
import Testing

/// Name, contact and note of a booking: Book's record has them and returns them, and they are nowhere else.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct BookingDetailsTests {
    private static let details = ["name": "김철수", "contact": "kim@details.example", "note": "휠체어 two companions"]

    private static func body(_ exhibition: String, _ members: [String: String], seats: Int = 2) -> String {
        let more = members.sorted { $0.key < $1.key }.map { #","\#($0.key)":"\#($0.value)""# }.joined()
        return #"{"museumId":"\#(exhibition)","visitor":"kim","seats":\#(seats)\#(more)}"#
    }

    private static func details(_ json: JSON) -> [String: String] {
        var found: [String: String] = [:]
        for name in details.keys { found[name] = json[name]?.text }
        return found
    }

    @Test func bookAloneHasThem() async throws {
        let deployment = try await TestDeployment.open(environment: ["LOG_LEVEL": "trace"])
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 100)
        let booked = try await visitor.send(
            "POST", "/books", Self.body(exhibition, Self.details), headers: ["Idempotency-Key": "one"])
        let id = try #require(booked.json["id"]?.text)
        #expect(booked.status == 201 && Self.details(booked.json) == Self.details)
        #expect(Self.details(try await visitor.get("/books/\(id)").json) == Self.details)
        #expect(try await visitor.all("books", query: "museumId=\(exhibition)").map(Self.details) == [Self.details])
        // They are no part of what a key stands for: the booking is returned as it was made.
        for members in [[:], ["name": "Lee"], Self.details] {
            let again = try await visitor.send(
                "POST", "/books", Self.body(exhibition, members), headers: ["Idempotency-Key": "one"])
            #expect(again.status == 201 && again.header("Idempotent-Replayed") == "true", "\(again.text)")
            #expect(Self.details(again.json) == Self.details)
        }
        let other = try await visitor.send("POST", "/books", Self.body(exhibition, [:]))
        #expect(other.status == 201 && Self.details(other.json) == [:])

        let got = try await visitor.get("/books/\(id)").text
        let back = got.replacing(/"status":"[A-Z_]*"/, with: #""status":"CANCELED""#)
        for (member, value) in [("name", "\"Lee\""), ("contact", "null"), ("note", "\"휠체어\"")] {
            let changed = back.replacing(try Regex(#""\#(member)":"[^"]*""#), with: #""\#(member)":\#(value)"#)
            let refused = try await visitor.send("PUT", "/books/\(id)", changed)
            #expect(refused.status == 422 && refused.json["field"]?.text == member, "\(refused.text)")
        }
        let canceled = try await visitor.send("PUT", "/books/\(id)", back)
        #expect(canceled.json["status"]?.text == "CANCELED" && Self.details(canceled.json) == Self.details)
        let none = try await visitor.send(
            "PATCH", "/books/\(other.json["id"]?.text ?? "")", #"{"status":"CANCELED","note":null}"#)
        #expect(none.status == 200 && Self.details(none.json) == [:])

        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
        let traced = try await deployment["book"].run("trace", id)
        let json = try await deployment["book"].run("trace", id, "--json")
        #expect(traced.code == 0 && traced.output.contains("CANCELED") && json.code == 0)
        let client = try deployment.redis.client()
        var printed = [traced.output, json.output, try await deployment["book"].run("events").output]
        for role in MuseumProcess.allRoles { printed.append(deployment[role].printed()) }
        for value in Self.details.values {
            for key in try await client.send("KEYS", "*").asTexts() where key != "book:{a}:\(id)" {
                #expect(try await !Everything.texts(of: key, client).contains { $0.contains(value) }, "\(key)")
            }
            #expect(printed.allSatisfy { !$0.contains(value) })
        }

        #expect(try await deployment["book"].run("forget", "kim").code == 0)
        #expect(Self.details(try await visitor.get("/books/\(id)").json) == [:])
        #expect(try await client.send("HMGET", "book:{a}:\(id)", "name", "contact", "note") == .array([.null, .null, .null]))
    }

    @Test func limitsAreExact() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 1000)
        for (member, most) in [("name", 64), ("contact", 254), ("note", 200)] {
            for (length, status) in [(1, 201), (most, 201), (most + 1, 422)] {
                let answer = try await visitor.send(
                    "POST", "/books", Self.body(exhibition, [member: String(repeating: "가", count: length)]))
                #expect(answer.status == status, "\(member) of \(length)")
                if status == 422 { #expect(answer.json["field"]?.text == member) }
            }
            for value in [" ", "a\\u0007b", "\\u202Eab"] {
                #expect(
                    try await visitor.send("POST", "/books", Self.body(exhibition, [member: value])).status == 422, "\(value)")
            }
            // Text is normalized and trimmed as all text is.
            let cleaned = try await visitor.send("POST", "/books", Self.body(exhibition, [member: " e\\u0301 "]))
            #expect(cleaned.json[member]?.text == "é")
        }
    }
}
