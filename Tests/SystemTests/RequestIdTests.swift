import HTTPServer
import Redis
import TestSupport
import Testing

/// One request, followed by its id through five processes: what each logs of it, and the events that come of it.
@Suite(.timeLimit(.minutes(2)))
struct RequestIdTests {
    /// The events of a stream that carry the id, by type.
    private func events(_ service: String, _ id: String, _ client: RedisClient) async throws -> Set<String> {
        var types: Set<String> = []
        for entry in try await client.send("XRANGE", "\(service):{a}:events", "-", "+").asArray() {
            let fields = try entry.asArray()[1].asFields()
            if fields["requestId"] == id, let type = fields["eventType"] { types.insert(type) }
        }
        return types
    }

    /// The messages that a process has logged with the id.
    private func messages(_ process: MuseumProcess, _ id: String) -> Set<String> {
        var messages: Set<String> = []
        for line in process.printed().split(separator: "\n") {
            guard let json = try? JSON(parsing: line.utf8),
                let message = json["message"]?.text
            else { continue }
            if line.contains(id) { messages.insert(message) }
        }
        return messages
    }

    @Test func oneIdEverywhere() async throws {
        let deployment = try await TestDeployment.open(environment: ["LOG_LEVEL": "debug", "LOG_FORMAT": "json"])
        let client = try deployment.redis.client()
        let visitor = deployment.visitor
        func send(_ method: String, _ path: String, _ body: String?, id: String, _ status: Int) async throws -> Visitor.Answer {
            let answer = try await visitor.send(method, path, body, headers: ["X-Request-Id": id])
            #expect(answer.status == status && answer.header("X-Request-Id") == id, "\(method) \(path): \(answer.text)")
            return answer
        }
        let exhibition = #"{"hall":"A","date":"2099-12-24","capacity":5}"#
        _ = try await send("POST", "/museums", exhibition, id: "registers-1", 201)
        let booked = try await send("POST", "/books", #"{"museumId":"a1","visitor":"kim"}"#, id: "books-1", 201)
        let booking = try #require(booked.json["id"]?.text)
        try await eventually("the page shows it") {
            try await visitor.get("/myPages/\(booking)").json["admission"]?.text == "CONFIRMED"
        }
        _ = try await send("PATCH", "/museums/a1", #"{"capacity":6}"#, id: "edits-1", 200)
        _ = try await send("DELETE", "/books/\(booking)", nil, id: "cancels-1", 200)
        try await eventually("the cancel has gone round") {
            try await visitor.get("/myPages/\(booking)").json["admission"]?.text == "CANCELED"
        }
        _ = try await send("DELETE", "/museums/a1", nil, id: "deletes-1", 202)

        // Each event has the id of the request that it comes of.
        #expect(try await events("museum", "registers-1", client) == ["MuseumRegistered"])
        #expect(try await events("museum", "edits-1", client) == ["MuseumChanged"])
        #expect(try await events("museum", "deletes-1", client) == ["MuseumDeleted"])
        #expect(try await events("museum", "books-1", client) == ["SeatsReserved"])
        #expect(try await events("book", "books-1", client) == ["Requested", "RequestCompleted"])
        #expect(try await events("confirm", "books-1", client) == ["ConfirmCompleted"])
        #expect(try await events("book", "cancels-1", client) == ["Canceled"])
        #expect(try await events("confirm", "cancels-1", client) == ["ConfirmChanged"])
        try await eventually("seats are back") { try await events("museum", "cancels-1", client) == ["SeatsReleased"] }
        for service in ["museum", "book", "confirm"] {
            for entry in try await client.send("XRANGE", "\(service):{a}:events", "-", "+").asArray() {
                #expect(try entry.asArray()[1].asFields()["requestId"] != nil, "\(entry)")
            }
        }

        // And each process logs it: the gateway and the one that answers, and those that apply the events.
        try await eventually("all have logged it") {
            messages(deployment["gateway"], "books-1").contains("request answered")
                && messages(deployment["book"], "books-1").isSuperset(of: ["request answered", "event applied"])
                && messages(deployment["museum"], "books-1").isSuperset(of: ["request answered", "reservations received"])
                && messages(deployment["museum"], "cancels-1").contains("event applied")
                && messages(deployment["confirm"], "books-1").contains("event applied")
                && messages(deployment["mypage"], "books-1").contains("event applied")
        }
        for (role, id) in [("museum", "registers-1"), ("museum", "edits-1"), ("book", "cancels-1"), ("museum", "deletes-1")] {
            try await eventually("\(id) is logged") {
                messages(deployment["gateway"], id).contains("request answered")
                    && messages(deployment[role], id).contains("request answered")
                    && messages(deployment["mypage"], id).contains("event applied")
            }
        }
    }

    /// A request without an id gets one at the gateway, and that one goes on.
    @Test func aNewIdGoesOn() async throws {
        let deployment = try await TestDeployment.open(environment: ["LOG_LEVEL": "debug", "LOG_FORMAT": "json"])
        let client = try deployment.redis.client()
        let exhibition = try await deployment.visitor.register(capacity: 5)
        let id = try #require(try await deployment.visitor.book(exhibition, visitor: "kim").header("X-Request-Id"))
        #expect(id.utf8.count == 16)
        #expect(try await events("museum", id, client) == ["SeatsReserved"])
        try await eventually("all have logged it") {
            deployment.processes.values.allSatisfy { !messages($0, id).isEmpty }
        }
    }

    /// Many at once go to Museum together, each with its own id.
    @Test func manyTogether() async throws {
        let deployment = try await TestDeployment.open(environment: ["LOG_LEVEL": "debug", "LOG_FORMAT": "json"])
        let client = try deployment.redis.client()
        let exhibition = try await deployment.visitor.register(capacity: 100)
        let visitor = deployment.visitor
        let body = #"{"museumId":"\#(exhibition)","visitor":"kim"}"#
        let bookings = try await withThrowingTaskGroup(of: (String, String).self) { group in
            for number in 0..<40 {
                group.addTask {
                    let answer = try await visitor.send("POST", "/books", body, headers: ["X-Request-Id": "many-\(number)-"])
                    return (answer.json["id"]?.text ?? "", "many-\(number)-")
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(bookings.count == 40)
        for entry in try await client.send("XRANGE", "museum:{a}:events", "-", "+").asArray() {
            let fields = try entry.asArray()[1].asFields()
            if let booking = fields["bookId"] { #expect(fields["requestId"] == bookings[booking], "\(fields)") }
        }
        for id in bookings.values { #expect(messages(deployment["museum"], id).contains("reservations received"), "\(id)") }
    }
}
