import HTTPServer
import Redis
import TestSupport
import Testing

/// One request's W3C trace context, followed through five processes: the events that come of it, the logs, and `skmuseum trace`.
@Suite(.timeLimit(.minutes(2)))
struct RequestTraceTests {
    private static let traceId = "0af7651916cd43dd8448eb211c80319c"

    /// Of each service's events, by type, the trace contexts.
    private func events(_ client: RedisClient) async throws -> [String: String?] {
        var found: [String: String?] = [:]
        for service in ["museum", "book", "confirm"] {
            for entry in try await client.send("XRANGE", "\(service):{a}:events", "-", "+").asArray() {
                let fields = try entry.asArray()[1].asFields()
                if fields["bookId"] != nil, let type = fields["eventType"] { found[type] = fields["traceparent"] }
            }
        }
        return found
    }

    @Test func oneTraceEverywhere() async throws {
        let deployment = try await TestDeployment.open(environment: ["LOG_LEVEL": "debug", "LOG_FORMAT": "json"])
        let client = try deployment.redis.client()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 5)
        let headers = ["traceparent": "00-\(Self.traceId)-b7ad6b7169203331-00"]
        let booked = try await visitor.send(
            "POST", "/books", #"{"museumId":"\#(exhibition)","visitor":"kim"}"#, headers: headers)
        let booking = try #require(booked.json["id"]?.text)
        try await eventually("the page shows it") {
            try await visitor.get("/myPages/\(booking)").json["admission"]?.text == "CONFIRMED"
        }
        _ = try await visitor.send("DELETE", "/books/\(booking)", headers: headers)
        let types = [
            "SeatsReserved", "Requested", "RequestCompleted", "ConfirmCompleted", "Canceled", "ConfirmChanged", "SeatsReleased",
        ]
        try await eventually("all events are there") { try await Set(types).isSubset(of: events(client).keys) }
        for (type, traceparent) in try await events(client) {
            #expect(traceparent?.contains(Self.traceId) == true, "\(type): \(traceparent ?? "none")")
        }
        for role in MuseumProcess.allRoles {
            try await eventually("\(role) logs the trace id") {
                deployment[role].printed().contains(#""traceId":"\#(Self.traceId)""#)
            }
        }
        let trace = try await deployment["museum"].run("trace", booking)
        #expect(trace.code == 0 && trace.output.contains(Self.traceId), "\(trace.output)")
    }

    /// Without a receiver of traces and without a usable header no trace is begun: the request id is in every event.
    @Test(arguments: [
        "", "nonsense", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ])
    func noTraceIsBegun(traceparent: String) async throws {
        let deployment = try await TestDeployment.open()
        let client = try deployment.redis.client()
        let exhibition = try await deployment.visitor.register(capacity: 5)
        let booked = try await deployment.visitor.send(
            "POST", "/books", #"{"museumId":"\#(exhibition)","visitor":"kim"}"#,
            headers: traceparent.isEmpty ? [:] : ["traceparent": traceparent])
        let booking = try #require(booked.json["id"]?.text)
        try await eventually("the page shows it") {
            try await deployment.visitor.get("/myPages/\(booking)").json["admission"]?.text == "CONFIRMED"
        }
        let events = try await events(client)
        #expect(events.count == 4 && events.values.allSatisfy { $0 == nil }, "\(events)")
        for service in ["museum", "book", "confirm"] {
            for entry in try await client.send("XRANGE", "\(service):{a}:events", "-", "+").asArray() {
                let fields = try entry.asArray()[1].asFields()
                #expect(fields["bookId"] == nil || fields["requestId"] == booked.header("X-Request-Id"))
            }
        }
    }
}
