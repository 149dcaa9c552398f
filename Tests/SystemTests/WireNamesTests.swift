import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// What users and their tools read keeps its names: routes, members, problems, keys, hash fields, event fields, metrics, and the
/// members that commands print. The recorded list is Recorded/wire-names.txt; `RECORD=1` writes it anew.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct WireNamesTests {
    private static let recorded = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Recorded/wire-names.txt")

    @Test func namesAreTheRecordedOnes() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        try await useEverything(visitor, deployment)
        var names: [String] = []
        names += try await routes(deployment)
        names += try await members(visitor)
        names += try await keys(deployment.redis.client())
        names += try await metrics(deployment)
        let text = Array(Set(names)).sorted().joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["RECORD"] == "1" { try Data(text.utf8).write(to: Self.recorded) }
        let known = Set(try String(contentsOf: Self.recorded, encoding: .utf8).split(separator: "\n").map(String.init))
        #expect(Set(names).subtracting(known).sorted() == [], "new names; record them if they are wanted")
        #expect(known.subtracting(names).sorted() == [], "names that are gone")
    }

    /// Brings about each kind of event, key and row.
    private func useEverything(_ visitor: Visitor, _ deployment: TestDeployment) async throws {
        // Events name the trace of a request that has one.
        let visitor = visitor.with(headers: ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"])
        let slot = #"{"title":"Monet","hall":"A hall","date":"2099-12-24","startTime":"14:00","endTime":"15:30","capacity":5}"#
        let registered = try await visitor.send("POST", "/museums", slot, headers: ["Idempotency-Key": "registration"])
        let exhibition = try #require(registered.json["id"]?.text)
        let booked = try await visitor.book(exhibition, visitor: "kim", key: "booking")
        let id = try #require(booked.json["id"]?.text)
        _ = try await visitor.send("PATCH", "/museums/\(exhibition)", #"{"date":"2099-12-25"}"#)
        try await eventually("the row is complete") {
            try await visitor.get("/myPages/\(id)").json["admission"]?.text == "CONFIRMED"
        }
        _ = try await visitor.delete("/books/\(id)")
        let second = try #require(try await visitor.book(exhibition, visitor: "lee").json["id"]?.text)
        _ = try await visitor.delete("/museums/\(exhibition)")
        try await eventually("both rows are final") {
            let rows = [try await visitor.get("/myPages/\(id)").json, try await visitor.get("/myPages/\(second)").json]
            return rows.map { $0["admission"]?.text } == ["CANCELED", "FORCE_CANCELED"]
        }
        // Stays, so that there is a row of each kind to look at.
        let open = try #require(try await visitor.send("POST", "/museums", slot).json["id"]?.text)
        let details =
            #"{"museumId":"\#(open)","visitor":"park","seats":2,"name":"Park","contact":"p@example.org","note":"a group"}"#
        let third = try #require(try await visitor.send("POST", "/books", details).json["id"]?.text)
        try await eventually("the third row is there") {
            try await visitor.get("/myPages/\(third)").json["admission"]?.text == "CONFIRMED"
        }
        _ = try await visitor.send("PATCH", "/books/\(third)", #"{"seats":1}"#)
        try await eventually("it has one seat less") {
            let row = try await visitor.get("/confirms/\(third)").json
            let exhibition = try await visitor.get("/museums/\(open)").json
            return row["seats"]?.integer == 1 && exhibition["available"]?.integer == 4
        }
    }

    private func routes(_ deployment: TestDeployment) async throws -> [String] {
        let paths = [
            "/", "/museums", "/museums/stream", "/museums/a1", "/museums/a1/reservations", "/books", "/books/a1-000000000001",
            "/confirms",
            "/confirms/a1-000000000001", "/myPages", "/myPages/stream", "/myPages/a1-000000000001", "/sessions", "/livez",
            "/readyz", "/metrics",
            "/openapi.json", "/docs", "/docs.css", "/problems", "/problems/sold-out", "/admin/dead-letters",
            "/admin/dead-letters/confirm:a:1-1", "/admin/dead-letters/confirm:a:1-1/retry", "/admin/audit", "/admin/overview",
            "/nowhere",
        ]
        var names: [String] = []
        for role in MuseumProcess.allRoles {
            for path in paths {
                let response = try await Visitor(deployment[role].url(role)).send("TRACE", path)
                names.append("route \(role) \(path) \(response.header("Allow") ?? response.problem ?? String(response.status))")
            }
        }
        return names
    }

    private func members(_ visitor: Visitor) async throws -> [String] {
        var names: [String] = []
        for relation in ["museums", "books", "confirms", "myPages"] {
            let list = try await visitor.get("/\(relation)?size=200").json
            names += paths(of: list, below: "GET /\(relation)")
        }
        names += paths(of: try await visitor.get("/museums?size=1&status=OPEN,DELETED").json, below: "GET /museums")
        names += paths(of: try await visitor.get("/").json, below: "GET /")
        for relation in ["books", "confirms", "myPages"] {
            let list = try await visitor.get("/\(relation)", headers: ["Accept": "text/csv"])
            var reader = CSVReader(list.text.utf8)
            names += try #require(try reader.next()).map { "column /\(relation) \($0)" }
        }
        let file = ["Content-Type": "text/csv"]
        for problem in [
            try await visitor.get("/nowhere"), try await visitor.send("POST", "/books", "{"),
            try await visitor.send("POST", "/books", "{}"), try await visitor.get("/books?x=1"),
            try await visitor.get("/museums/a99"), try await visitor.book("a2", visitor: "kim", seats: 100),
            try await visitor.book("a1", visitor: "kim"), try await visitor.send("POST", "/museums", "", headers: file),
            try await visitor.send("POST", "/museums", "hall", headers: file),
        ] {
            names += paths(of: problem.json, below: "problem \(problem.problem ?? "?") \(problem.status)")
        }
        return names
    }

    /// The members of a document, each with the members above it.
    private func paths(of json: JSON, below name: String) -> [String] {
        switch json {
        case .object(let members): members.flatMap { paths(of: $0.value, below: name + " " + $0.name) }
        case .array(let elements): elements.flatMap { paths(of: $0, below: name) }
        default: [name]
        }
    }

    private func keys(_ client: RedisClient) async throws -> [String] {
        // Each of the six subscriptions writes its progress at most once a second.
        try await eventually("all progress is written") {
            try await client.send("KEYS", "*:progress:*").asArray().count == 6
        }
        var names: [String] = []
        for key in try await client.send("KEYS", "*").asTexts() {
            let type = try await client.send("TYPE", key).asText()
            let pattern = Self.pattern(key)
            names.append("key \(pattern) \(type)")
            if type == "hash", !pattern.hasSuffix(":seats"), !pattern.hasSuffix(":keys") {
                names += try await client.send("HKEYS", key).asTexts().map { "field \(pattern) \($0)" }
            }
            if type == "stream" {
                names += try await client.send("XINFO", "GROUPS", key).asArray().map {
                    "group \(pattern) \(try $0.asArray()[1].asText())"
                }
                for entry in try await client.send("XRANGE", key, "-", "+").asArray() {
                    let fields = try entry.asArray()[1].asFields()
                    names += fields.keys.map { "event \(fields["eventType"] ?? "?") \($0)" }
                }
            }
        }
        return names
    }

    /// A key with its ids and names replaced.
    private static func pattern(_ key: String) -> String {
        key.split(separator: ":").map { part in
            if part.wholeMatch(of: /[a-z]+\d+-[0-9a-z]{12}/) != nil { return "<booking>" }
            if part.wholeMatch(of: /a\d+/) != nil { return "<exhibition>" }
            return ["kim", "lee", "park"].contains(part) ? "<visitor>" : String(part)
        }.joined(separator: ":")
    }

    private func metrics(_ deployment: TestDeployment) async throws -> [String] {
        // Each owner of a stream reports its subscribers' lag every ten seconds.
        for role in ["museum", "book", "confirm"] {
            try await eventually("\(role) reports lag", within: .seconds(30)) {
                try await Visitor(deployment[role].url(role)).get("/metrics").text.contains("skmuseum_consumer_lag_seconds")
            }
        }
        var names: [String] = []
        for role in MuseumProcess.allRoles {
            let text = try await Visitor(deployment[role].url(role)).get("/metrics").text
            for line in text.split(separator: "\n") where line.hasPrefix("# TYPE ") {
                names.append("metric \(role) \(line.dropFirst(7))")
                let metric = line.split(separator: " ")[2]
                #expect(text.contains("# HELP \(metric) "), "\(metric) has no help text")
            }
        }
        return names
    }
}
