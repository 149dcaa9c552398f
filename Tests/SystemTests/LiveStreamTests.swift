import Authentication
import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// `GET /museums/stream` and `GET /myPages/stream`: changes arrive, once and in time, and nothing is missing after a break.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct LiveStreamTests {
    private static let secret = "0123456789abcdef0123456789abcdef"

    private static func token(_ subject: String, _ role: AccessRole) async throws -> [String: String] {
        let rules = AuthenticationRules(issuer: nil, audience: nil, roleClaim: "role", subjectClaim: "sub")
        return [
            "Authorization": "Bearer "
                + (try await TokenIssuer(secret: Array(secret.utf8), rules: rules).token(
                    subject: subject, role: role, now: Date().timeIntervalSince1970, lifetime: 3600))
        ]
    }

    /// One process, or five behind a gateway.
    private struct Deployment {
        let visitor: Visitor
        let address: String
        let redis: any RedisTopology
        let processes: [MuseumProcess]

        static func open(fiveProcesses: Bool, environment: [String: String] = [:]) async throws -> Deployment {
            if fiveProcesses {
                let deployment = try await TestDeployment.open(environment: environment)
                return Deployment(
                    visitor: deployment.visitor, address: deployment["gateway"].url("gateway"), redis: deployment.redis,
                    processes: Array(deployment.processes.values))
            }
            let single = try await SingleProcess.start(environment: environment)
            return Deployment(
                visitor: single.visitor, address: single.process.url("gateway"), redis: single.redis, processes: [single.process])
        }

        func watch(_ path: String, headers: [String: String] = [:]) async throws -> LiveClient {
            try await LiveClient.open(address + path, headers: headers)
        }
    }

    private static func cancel(_ booking: String, _ visitor: Visitor) async throws {
        #expect(try await visitor.send("PATCH", "/books/\(booking)", #"{"status":"CANCELED"}"#).status == 200)
    }

    @Test(arguments: [false, true]) func exhibitionsThatChange(fiveProcesses: Bool) async throws {
        let deployment = try await Deployment.open(fiveProcesses: fiveProcesses)
        let visitor = deployment.visitor
        let id = try await visitor.register(capacity: 20)
        let first = try await deployment.watch("/museums/stream")
        let second = try await deployment.watch("/museums/stream")
        try await eventually("both have begun") { first.lastID != nil && second.lastID != nil }
        #expect(first.text.hasPrefix("retry: ") && first.documents.isEmpty)
        _ = try await visitor.book(id, visitor: "kim", seats: 3)
        try await eventually("the seats arrive") { first.documents.last?["available"]?.integer == 17 }
        // The same document as GET gives.
        let now = try await visitor.get("/museums/\(id)").json
        #expect(first.documents.last == now)
        _ = try await visitor.send("PATCH", "/museums/\(id)", #"{"title":"Calder","status":"CLOSED"}"#)
        try await eventually("the edit arrives") { first.documents.last?["title"]?.text == "Calder" }
        let other = try await visitor.register(capacity: 5)
        try await eventually("a new one arrives") { first.documents.last?["id"]?.text == other }
        _ = try await visitor.delete("/museums/\(other)")
        try await eventually("its deletion arrives") { first.documents.last?["status"]?.text == "DELETED" }
        try await eventually("the other watcher has the same") { second.documents == first.documents }
        #expect(first.events.filter { $0.data != nil }.allSatisfy { $0.id != nil })
    }

    /// What changes within one look at the streams is sent once.
    @Test func manyChangesAreOneDocument() async throws {
        let deployment = try await Deployment.open(fiveProcesses: false)
        let id = try await deployment.visitor.register(capacity: 1000)
        let watcher = try await deployment.watch("/museums/stream")
        try await eventually("it has begun") { watcher.lastID != nil }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...200 {
                group.addTask { _ = try await deployment.visitor.book(id, visitor: "v\(number)") }
            }
            try await group.waitForAll()
        }
        try await eventually("the last state arrives") { watcher.documents.last?["available"]?.integer == 800 }
        #expect(watcher.documents.count < 100, "\(watcher.documents.count)")
    }

    @Test(arguments: [false, true]) func rowsOfAVisitor(fiveProcesses: Bool) async throws {
        let deployment = try await Deployment.open(fiveProcesses: fiveProcesses, environment: ["AUTH_SECRET": Self.secret])
        let staff = deployment.visitor.with(headers: try await Self.token("mina", .staff))
        let kim = deployment.visitor.with(headers: try await Self.token("kim", .visitor))
        let id = try await staff.register(capacity: 20)
        let own = try await deployment.watch("/myPages/stream", headers: try await Self.token("kim", .visitor))
        let named = try await deployment.watch("/myPages/stream?visitor=kim", headers: try await Self.token("kim", .visitor))
        let all = try await deployment.watch("/myPages/stream", headers: try await Self.token("mina", .staff))
        let others = try await deployment.watch("/myPages/stream?visitor=lee", headers: try await Self.token("mina", .staff))
        try await eventually("all have begun") { [own, named, all, others].allSatisfy { $0.lastID != nil } }
        let booked = try await kim.book(id, visitor: "kim", seats: 2)
        let booking = try #require(booked.json["id"]?.text)
        try await eventually("the admission arrives") {
            [own, named, all].allSatisfy { $0.documents.last?["admission"]?.text == "CONFIRMED" }
        }
        let row = try await kim.get("/myPages/\(booking)").json
        #expect(own.documents.last == row)
        try await Self.cancel(booking, kim)
        try await eventually("the cancellation arrives") { own.documents.last?["admission"]?.text == "CANCELED" }
        _ = try await staff.send("PATCH", "/museums/\(id)", #"{"title":"Calder"}"#)
        try await eventually("what the row shows of the exhibition arrives") {
            own.documents.last?["title"]?.text == "Calder"
        }
        // Nobody gets what is not theirs.
        #expect(others.documents.isEmpty && own.documents.allSatisfy { $0["visitor"]?.text == "kim" })
        for (path, headers, status) in [
            ("/myPages/stream", [:], 401), ("/myPages/stream?visitor=lee", try await Self.token("kim", .visitor), 403),
            ("/museums/stream", [:], 200), ("/museums/stream?x=1", [:], 400),
        ] as [(String, [String: String], Int)] {
            #expect(try await deployment.watch(path, headers: headers).status == status, "\(path)")
        }
        #expect(try await deployment.visitor.send("POST", "/museums/stream", "{}").status == 405)
        #expect(try await deployment.visitor.send("HEAD", "/museums/stream").header("Content-Type") == "text/event-stream")
    }

    /// A row is sent when the read model has applied the event, not when the event is there.
    @Test func rowsWaitForTheReadModel() async throws {
        let own = try await RedisServer.start()
        let single = try await SingleProcess.start(myPage: own)
        let visitor = single.visitor
        let id = try await visitor.register(capacity: 20)
        let booking = try #require(try await visitor.book(id, visitor: "kim").json["id"]?.text)
        try await eventually("the row is complete") {
            try await visitor.get("/myPages/\(booking)").json["admission"]?.text == "CONFIRMED"
        }
        let watcher = try await LiveClient.open(single.process.url("gateway") + "/myPages/stream?visitor=kim")
        try await eventually("it has begun") { watcher.lastID != nil }
        // For a time the read model can be read and not written.
        let redis = try own.client()
        _ = try await redis.send("CLIENT", "PAUSE", "1500", "WRITE")
        let paused = ContinuousClock.now
        try await Self.cancel(booking, visitor)
        try await eventually("the cancellation arrives") { watcher.documents.last?["status"]?.text == "CANCELED" }
        #expect(ContinuousClock.now - paused > .milliseconds(1400))
        #expect(!watcher.documents.contains { $0["status"]?.text == "REQUEST_COMPLETED" }, "\(watcher.documents)")
    }

    @Test(arguments: [false, true]) func nothingIsMissingAfterABreak(fiveProcesses: Bool) async throws {
        let deployment = try await Deployment.open(fiveProcesses: fiveProcesses)
        let visitor = deployment.visitor
        let id = try await visitor.register(capacity: 20)
        let first = try await deployment.watch("/museums/stream")
        let rows = try await deployment.watch("/myPages/stream?visitor=kim")
        try await eventually("both have begun") { first.lastID != nil && rows.lastID != nil }
        first.close()
        rows.close()
        _ = try await visitor.book(id, visitor: "kim", seats: 4)
        // Somebody else watches meanwhile, so that reading goes on.
        let other = try await deployment.watch("/museums/stream")
        try await eventually("the other has begun") { other.lastID != nil }
        for (path, headers) in [
            ("/museums/stream", ["Last-Event-ID": first.lastID!]), ("/museums/stream?lastEventId=\(first.lastID!)", [:]),
        ] {
            let again = try await deployment.watch(path, headers: headers)
            try await eventually("what was missed arrives") { again.documents.last?["available"]?.integer == 16 }
        }
        let again = try await deployment.watch("/myPages/stream?visitor=kim", headers: ["Last-Event-ID": rows.lastID!])
        try await eventually("the row arrives") { again.documents.last?["seats"]?.integer == 4 }
    }

    /// A process that knows nothing of the client's position finds the changes in the streams, or says that it can't.
    @Test func goesOnInAnotherProcess() async throws {
        let single = try await SingleProcess.start()
        let address = single.process.url("gateway")
        let id = try await single.visitor.register(capacity: 20)
        let first = try await LiveClient.open(address + "/museums/stream")
        try await eventually("it has begun") { first.lastID != nil }
        _ = try await single.visitor.book(id, visitor: "kim", seats: 1)
        try await eventually("the booking arrives") { first.documents.count == 1 }
        let position = try #require(first.lastID)
        _ = try await single.visitor.book(id, visitor: "kim", seats: 2)
        // The process ends, and the stream as it should, at once.
        let stop = ContinuousClock.now
        #expect(try await single.process.stop() == 0)
        #expect(ContinuousClock.now - stop < .seconds(5))
        try await eventually("the stream has ended") { first.isEnded }
        #expect(first.isWhole)
        try await single.process.launch()
        let again = try await LiveClient.open(address + "/museums/stream", headers: ["Last-Event-ID": position])
        try await eventually("what was missed arrives") { again.documents.last?["available"]?.integer == 17 }
        #expect(!again.events.contains { $0.type == "reset" })
        // Too long ago, or never: the client must read the collection again.
        let old = try await LiveClient.open(address + "/museums/stream", headers: ["Last-Event-ID": "1000"])
        try await eventually("it is told so") { old.events.contains { $0.type == "reset" } }
        for nonsense in ["", "x", "-1", "01", "99999999999999999999", "1764-0", "%00", "é"] {
            let client = try await LiveClient.open(
                address + "/museums/stream?lastEventId=\(nonsense.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!)")
            try await eventually("it begins now") { client.lastID != nil }
            #expect(client.status == 200 && client.documents.isEmpty)
        }
    }

    /// One that does not read is dropped; the others and the memory don't notice.
    @Test func aSlowWatcherIsDropped() async throws {
        let single = try await SingleProcess.start()
        let title = String(repeating: "모네 ", count: 30)
        var ids: [String] = []
        for hall in 1...40 {
            ids.append(try await single.visitor.register(capacity: 100_000, hall: "Hall \(hall)", title: title))
        }
        let slow = RawConnections()
        try slow.join(1, port: single.process.ports["gateway"] ?? 0, receiveBuffer: 4096)
        slow.sayToAll("GET /museums/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        slow.stopReading(0)
        try await slow.turn(until: "its request is sent", within: .seconds(10)) { $0.members[0].unsent.isEmpty }
        let other = try await LiveClient.open(single.process.url("gateway") + "/museums/stream")
        try await eventually("both have begun") { other.lastID != nil }
        func watchers() async throws -> (now: Double?, dropped: Double?) {
            let metrics = try await single.visitor.get("/metrics").text
            func value(_ name: String) -> Double? {
                metrics.split(separator: "\n").first { $0.hasPrefix(name + #"{service="museum"} "#) }
                    .flatMap { Double($0.split(separator: " ").last ?? "") }
            }
            return (value("skmuseum_live_watchers"), value("skmuseum_live_watchers_dropped_total"))
        }
        let begun = try await watchers().now
        #expect(begun == 2)
        var number = 0
        try await eventually("the slow one is dropped", within: .seconds(60)) {
            for id in ids {
                number += 1
                _ = try await single.visitor.book(id, visitor: "v\(number)")
            }
            return try await watchers().dropped == 1
        }
        let left = try await watchers().now
        #expect(left == 1)
        #expect(!other.isEnded)
        let last = try await single.visitor.book(ids[0], visitor: "last")
        #expect(last.status == 201)
        let available = try await single.visitor.get("/museums/\(ids[0])").json["available"]
        try await eventually("the other goes on") {
            other.documents.last { $0["id"]?.text == ids[0] }?["available"] == available
        }
    }

    /// Watchers share one reader: many cost Redis what one costs. Without any, nothing is read.
    @Test func watchersShareOneReader() async throws {
        let single = try await SingleProcess.start()
        _ = try await single.visitor.register(capacity: 20)
        let redis = try single.redis.client()
        func reads() async throws -> Int {
            let stats = try await redis.send("INFO", "commandstats").asText()
            let line = stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_xrange:calls=") }
            return line.flatMap { Int($0.dropFirst(21).prefix { $0 != "," }) } ?? 0
        }
        let before = try await reads()
        var clients: [LiveClient] = []
        func perSecond() async throws -> Double {
            let (start, first) = (ContinuousClock.now, try await reads())
            try await eventually("ten looks or two seconds have passed") {
                ContinuousClock.now - start > .seconds(2)
            }
            return Double(try await reads() - first) / ((ContinuousClock.now - start) / .seconds(1))
        }
        clients.append(try await LiveClient.open(single.process.url("gateway") + "/museums/stream"))
        let one = try await perSecond()
        for _ in 1...200 { clients.append(try await LiveClient.open(single.process.url("gateway") + "/museums/stream")) }
        try await eventually("all have begun") { clients.allSatisfy { $0.lastID != nil } }
        let many = try await perSecond()
        #expect(one > 1 && many < one * 1.3, "\(one) \(many)")
        for client in clients { client.close() }
        #expect(before == 0)
    }

    @Test func survivesARestartOfRedis() async throws {
        let single = try await SingleProcess.start()
        let id = try await single.visitor.register(capacity: 20)
        let watcher = try await LiveClient.open(single.process.url("gateway") + "/museums/stream")
        try await eventually("it has begun") { watcher.lastID != nil }
        single.redis.kill()
        try await single.redis.launch()
        try await eventually("bookings work again") { try await single.visitor.book(id, visitor: "kim", key: "k").status == 201 }
        try await eventually("the booking arrives") { watcher.documents.last?["available"]?.integer == 19 }
        #expect(!watcher.isEnded)
    }
}
