import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// `/admin`: what the commands `dead-letters` and `audit` do, over HTTP.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct AdminTests {
    @Test(arguments: [true, false]) func deadLettersAreListedRetriedAndDropped(fiveProcesses: Bool) async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        var processes: [MuseumProcess] = []
        for roles in fiveProcesses ? MuseumProcess.allRoles.map({ [$0] }) : [MuseumProcess.allRoles] {
            processes.append(try await MuseumProcess.start(roles, ports: ports, redis: redis))
        }
        let gateway = Visitor(processes[0].url("gateway"))
        let exhibition = try await gateway.register(capacity: 5)
        let client = try redis.client()
        // Two events that no service can apply, read by three groups each.
        for number in 1...2 {
            _ = try await client.send("XADD", "book:{a}:events", "*", "eventType", "Canceled", "bookId", "broken-\(number)")
        }
        try await eventually("they are dead letters", within: .seconds(20)) {
            try await gateway.all("dead-letters", path: "/admin/dead-letters").count == 6
        }
        let all = try await gateway.all("dead-letters", path: "/admin/dead-letters")
        let groups = Set(all.compactMap { $0["group"]?.text })
        #expect(groups.count >= 2, "\(groups)")
        // Page by page it is the same.
        var paged: [String] = []
        var path: String? = "/admin/dead-letters?size=1"
        while let current = path {
            let page = try await gateway.get(current)
            paged += page.json["_embedded"]?["dead-letters"]?.elements?.compactMap { $0["deadLetter"]?.text } ?? []
            path = page.json["_links"]?["next"]?["href"]?.text
        }
        #expect(paged == all.compactMap { $0["deadLetter"]?.text })
        let one = try await gateway.get("/admin/dead-letters?service=confirm")
        #expect(one.json["_embedded"]?["dead-letters"]?.elements?.allSatisfy { $0["group"]?.text == "confirm" } == true)
        #expect(try await gateway.get("/admin/dead-letters?service=cafe").status == 400)

        let name = try #require(all.first?["deadLetter"]?.text)
        let shown = try await gateway.get("/admin/dead-letters/\(name)")
        #expect(shown.json["eventType"]?.text == "Canceled")
        #expect(shown.json["reason"]?.text?.isEmpty == false)
        #expect(all.first?["attempts"]?.integer == 1 && shown.json["attempts"]?.integer == 1, "\(shown.text)")
        let retried = try await gateway.send("POST", "/admin/dead-letters/\(name)/retry", "{}")
        #expect(retried.status == 200)
        #expect(retried.json["outcome"]?.text == "left")
        #expect(retried.json["why"]?.text?.isEmpty == false)
        #expect(try await gateway.delete("/admin/dead-letters/\(name)").json["outcome"]?.text == "dropped")
        for method in ["GET", "DELETE"] {
            let gone = try await gateway.send(method, "/admin/dead-letters/\(name)")
            #expect(gone.status == 404 && gone.problem == "unknown-dead-letter")
        }
        for hostile in ["x", "confirm:a:1-1", "confirm:{a}:0-0", "%0A", "confirm:a:99999999999999999999-0"] {
            #expect(try await gateway.get("/admin/dead-letters/\(hostile)").status == 404, "\(hostile)")
        }

        // One that can be applied now: a letter as a process writes it that was too old for the event.
        let booked = try await gateway.book(exhibition, visitor: "kim")
        let id = try #require(booked.json["id"]?.text)
        try await eventually("the admission is there") { try await gateway.get("/confirms/\(id)").status == 200 }
        let entries = try await client.send("XREVRANGE", "book:{a}:events", "+", "-", "COUNT", "1").asArray()
        let event = try #require(entries.first).asArray()
        let fields = try event[1].asArray().map { try $0.asText() }
        _ = try await client.send(
            Command(
                [
                    "XADD", "confirm:{a}:dead", "*", "eventId", try event[0].asText(), "service", "book", "reason", "x",
                    "attempts", "1",
                ] + fields))
        let written = try await gateway.all("dead-letters", path: "/admin/dead-letters", query: "service=confirm").last
        let applied = try #require(written?["deadLetter"]?.text)
        let second = try await gateway.send("POST", "/admin/dead-letters/\(applied)/retry", "{}")
        #expect(second.json["outcome"]?.text == "applied", "\(second.text)")
        #expect(try await gateway.get("/admin/dead-letters/\(applied)").status == 404)
    }

    @Test func theAuditNamesWhatIsWrong() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let gateway = Visitor(process.url("gateway"))
        let exhibition = try await gateway.register(capacity: 5)
        _ = try await gateway.book(exhibition, visitor: "kim", seats: 2)
        try await eventually("all is applied") { try await gateway.get("/admin/audit").json["ok"] == .bool(true) }
        let good = try await gateway.get("/admin/audit?wait=5s")
        #expect(good.status == 200)
        #expect(good.json["bookings"]?.integer == 1 && good.json["exhibitions"]?.integer == 1)
        _ = try await redis.client().send("HINCRBY", "museum:{a}:\(exhibition)", "available", "1")
        let bad = try await gateway.get("/admin/audit")
        #expect(bad.json["ok"] == .bool(false))
        #expect(
            bad.json["violations"]?.elements?.contains { $0["key"]?.text == "museum:{a}:\(exhibition)" } == true, "\(bad.text)")
        #expect(try await gateway.get("/admin/audit?wait=1h").status == 400)
    }

    /// The overview sees an outage of a service, and its end.
    @Test func theOverviewSeesAnOutage() async throws {
        let deployment = try await TestDeployment.open()
        let gateway = deployment.visitor
        let exhibition = try await gateway.register(capacity: 100)
        func overview() async throws -> JSON { try await gateway.get("/admin/overview").json }
        func isReady(_ service: String, in overview: JSON) -> Bool? {
            let found = overview["services"]?.elements?.first { $0["service"]?.text == service }
            return found?["instances"]?.elements?.allSatisfy { $0["isReady"] == .bool(true) }
        }
        func group(_ name: String, of stream: String, in overview: JSON) -> JSON? {
            overview["streams"]?.elements?.first { $0["service"]?.text == stream }?["groups"]?.elements?
                .first { $0["group"]?.text == name }
        }
        _ = try await gateway.book(exhibition, visitor: "kim")
        try await eventually("all is ready and applied") {
            let now = try await overview()
            return MuseumProcess.allRoles.allSatisfy { isReady($0, in: now) == true }
                && group("confirm", of: "book", in: now)?["lag"]?.integer == 0
                && group("confirm", of: "book", in: now)?["pending"]?.integer == 0
        }
        let circuit = try await overview()["services"]?.elements?.first { $0["service"]?.text == "book" }?["circuit"]?.text
        #expect(circuit == "closed")
        let before = try await overview()["streams"]?.elements?.first { $0["service"]?.text == "book" }?["written"]?.integer ?? 0
        deployment["confirm"].kill()
        for number in 1...5 { _ = try await gateway.book(exhibition, visitor: "v\(number)") }
        try await eventually("the outage is seen") {
            let now = try await overview()
            return isReady("confirm", in: now) == false && isReady("mypage", in: now) == true
                && (group("confirm", of: "book", in: now)?["lag"]?.integer ?? 0) >= 10
        }
        let written = try await overview()["streams"]?.elements?.first { $0["service"]?.text == "book" }?["written"]?.integer ?? 0
        #expect(written >= before + 10)
        try await deployment["confirm"].launch()
        try await eventually("it has caught up") {
            let now = try await overview()
            return isReady("confirm", in: now) == true && group("confirm", of: "book", in: now)?["lag"]?.integer == 0
        }
        // An event that can't be applied is a dead letter of those that read it, and of no other stream.
        let redis = try deployment.redis.client()
        _ = try await redis.send("XADD", "confirm:{a}:events", "*", "eventType", "ConfirmCompleted", "bookId", "broken")
        try await eventually("it is a dead letter") {
            group("mypage", of: "confirm", in: try await overview())?["deadLetters"]?.integer == 1
        }
        #expect(group("mypage", of: "book", in: try await overview())?["deadLetters"]?.integer == 0)
    }

    @Test func anAuditTellsHowFarItIs() async throws {
        let single = try await SingleProcess.start()
        for hall in 1...20 { _ = try await single.visitor.register(capacity: 5, hall: "Hall \(hall)") }
        let address = single.process.url("gateway") + "/admin/audit?wait=5s"
        let audit = try await LiveClient.open(address, headers: ["Accept": "text/event-stream"])
        try await eventually("it has ended") { audit.isEnded }
        #expect(audit.status == 200 && audit.isWhole)
        let result = try #require(audit.events.last)
        #expect(result.type == "result" && result.json["ok"] == .bool(true) && result.json["exhibitions"]?.integer == 20)
        #expect(audit.events.dropLast().allSatisfy { $0.type == "progress" && $0.json["step"]?.text != nil })
        #expect(audit.events.count > 1)
        // As JSON it is what it was, and a second one may run afterwards.
        let document = try await single.visitor.get("/admin/audit").json
        #expect(document["ok"] == .bool(true) && document["exhibitions"]?.integer == 20)
    }
}
