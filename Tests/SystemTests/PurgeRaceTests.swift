import Contracts
import FaultInjection
import Foundation
import HTTPServer
import Redis
import Scripts
import TestSupport
import Testing

/// A purge while others change what it has found: what it removes is what is over at that very moment, and nothing comes back.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct PurgeRaceTests {
    private static let keys = Keys(partition: "a")

    /// The purge waits for the first exhibition's seats when the second, which it has found over, is postponed.
    @Test func anExhibitionPostponedDuringPurgeStays() async throws {
        let (redis, deployment, visitor) = try await open()
        let client = try redis.client()
        let waiting = try await visitor.register(capacity: 10)
        let postponed = try await visitor.register(capacity: 10)
        for exhibition in [waiting, postponed] {
            #expect(try await visitor.book(exhibition, visitor: "kim", seats: 2).status == 201)
            try await visitor.move(exhibition, to: "2020-01-01")
        }
        try await deleteWithoutRevoking(waiting, client)

        let purge = try purge(deployment)
        try await eventually("the purge waits") { purge.child.printed().contains("seats of \(waiting)") }
        try await visitor.move(postponed, to: "2099-11-11")
        let late = try await visitor.book(postponed, visitor: "lee", seats: 3)
        #expect(late.status == 201)
        _ = try await client.send("SADD", Self.keys.revoking, waiting)
        #expect(try await purge.child.waitForExit(within: .seconds(60)) == 0, "\(purge.child.printed())")
        #expect(purge.child.printed().contains("stay: \(postponed)"), "\(purge.child.printed())")

        #expect(try await Everything.traces(of: [waiting], client) == [])
        let exhibition = try await visitor.get("/museums/\(postponed)").json
        #expect(exhibition["status"]?.text == "OPEN" && exhibition["available"]?.integer == 5, "\(exhibition)")
        #expect(try await visitor.all("books", query: "museumId=\(postponed)").count == 2)
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }

    /// Staff postpone many while the purge runs: each is refused and all of it gone, or it stays with all its bookings.
    @Test func anExhibitionIsPostponedOrPurgedCompletely() async throws {
        let (redis, deployment, visitor) = try await open()
        let client = try redis.client()
        var exhibitions: [String] = []
        for _ in 0..<40 {
            let exhibition = try await visitor.register(capacity: 10)
            for number in 0..<3 { #expect(try await visitor.book(exhibition, visitor: "visitor \(number)").status == 201) }
            try await visitor.move(exhibition, to: "2020-01-01")
            exhibitions.append(exhibition)
        }
        // From the last to the first, against the purge: somewhere they meet.
        let answers = LockedBox<[String: Visitor.Answer]>([:])
        let purge = try purge(deployment)
        for exhibition in exhibitions.reversed() {
            let answer = try await visitor.send("PATCH", "/museums/\(exhibition)", #"{"date":"2099-11-11"}"#)
            answers.update { $0[exhibition] = answer }
        }
        #expect(try await purge.child.waitForExit(within: .seconds(60)) == 0, "\(purge.child.printed())")
        let postponed = answers.value.filter { $0.value.status == 200 }.map(\.key)
        let refused = answers.value.filter { $0.value.status != 200 }
        #expect(
            refused.values.allSatisfy { $0.problem == "museum-deleted" || $0.problem == "unknown-museum" },
            "\(refused.values.map { "\($0.status) \($0.text)" })")
        #expect(try await Everything.traces(of: Array(refused.keys), client) == [])
        for exhibition in postponed {
            #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 7)
            #expect(try await visitor.all("books", query: "museumId=\(exhibition)").count == 3)
            #expect(try await visitor.all("confirms", query: "museumId=\(exhibition)").count == 3)
        }
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }

    /// A request has reserved its seats, and its record arrives at Redis when the purge is long over.
    @Test func aRecordThatArrivesAfterwardsWritesNothing() async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let deployment = try await MuseumProcess.start(ports: ports, redis: redis)
        let visitor = Visitor(deployment.url("gateway"))
        let client = try redis.client()
        let proxy = try await FaultProxy.open(to: redis.port, seed: 1)
        let slowPorts = ports.merging(["book": try FreePorts.take(1)[0]]) { $1 }
        let slow = try await MuseumProcess.start(
            ["book"], ports: slowPorts, redis: redis, environment: ["REDIS_URL": "redis://127.0.0.1:\(proxy.port)"])
        let exhibition = try await visitor.register(capacity: 10)
        #expect(try await Visitor(slow.url("book")).book(exhibition, visitor: "kim").status == 201, "it knows the partition")

        proxy.set(.halfOpen)
        let answer = try await Visitor(slow.url("book")).book(exhibition, visitor: "lee", seats: 3)
        #expect(answer.status == 504, "\(answer.text)")
        let booking = try #require(answer.json["bookId"]?.text)
        #expect(proxy.counts.held > 0 && !proxy.isDrained, "its record is on its way")
        #expect(try await client.send("HEXISTS", Self.keys.seats(exhibition), booking) == .integer(1), "its seats were reserved")
        try await visitor.move(exhibition, to: "2020-01-01")
        let purged = try await deployment.run("purge", "--before", "2021-01-01", "--yes")
        #expect(purged.code == 0, "\(purged.output)")
        #expect(try await Everything.traces(of: [exhibition], client) == [])

        proxy.set(.forwarding)
        try await eventually("all has arrived") { proxy.isDrained }
        // What was held arrived before this does.
        try await eventually("it works again") { try await Visitor(slow.url("book")).get("/books/\(booking)").status == 404 }
        let other = try await visitor.register(capacity: 10)
        #expect(try await Visitor(slow.url("book")).book(other, visitor: "park").status == 201)
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
        #expect(try await Everything.traces(of: [exhibition], client) == [])
        await proxy.close()
    }

    /// An interrupted purge has retired an exhibition that is not over for the next one: that goes on with it nevertheless.
    @Test func aPurgeThatBeganIsFinished() async throws {
        let (redis, deployment, visitor) = try await open()
        let client = try redis.client()
        let exhibition = try await visitor.register(capacity: 10)
        #expect(try await visitor.book(exhibition, visitor: "kim").status == 201)
        try await visitor.move(exhibition, to: "2020-06-01")
        _ = try await client.run(
            MuseumRetire(
                in: Self.keys, now: 1_764_000_000_000, exhibition: exhibition, day: "2021-01-01",
                previousDay: "2020-12-31"))
        #expect(try await visitor.book(exhibition, visitor: "lee").problem == "museum-deleted")
        let reopened = try await visitor.send("PATCH", "/museums/\(exhibition)", #"{"status":"OPEN"}"#)
        #expect(reopened.problem == "museum-deleted", "\(reopened.text)")
        let between = try await deployment.run("audit", "--wait", "20s")
        #expect(between.code == 0, "\(between.output)")
        let purged = try await deployment.run("purge", "--before", "2020-01-01", "--yes")
        #expect(purged.code == 0 && purged.output.contains("purged 1 "), "\(purged.output)")
        #expect(try await Everything.traces(of: [exhibition], client) == [])
    }

    @Test func overSeveralPartitions() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis, environment: ["PARTITIONS": "3"])
        let visitor = Visitor(deployment.url("gateway"))
        let client = try redis.client()
        var byPartition: [String: [String]] = [:]
        // Two in each: one that will be over, and one to come.
        while byPartition.count < 3 || byPartition.values.contains(where: { $0.count < 2 }) {
            let exhibition = try await visitor.register(capacity: 100)
            byPartition[String(exhibition.prefix { $0.isLetter }), default: []].append(exhibition)
            try #require(byPartition.values.map(\.count).reduce(0, +) < 200)
        }
        #expect(byPartition.keys.sorted() == ["a", "b", "c"])
        for exhibition in byPartition.values.joined() {
            for name in ["kim", "lee"] { #expect(try await visitor.book(exhibition, visitor: name, seats: 2).status == 201) }
        }
        let over = byPartition.values.compactMap(\.first)
        let kept = byPartition.values.flatMap { $0.dropFirst() }
        for exhibition in over { try await visitor.move(exhibition, to: "2020-01-01") }

        let purged = try await deployment.run("purge", "--before", "2021-01-01", "--yes")
        #expect(purged.code == 0 && purged.output.contains("purged 3 ") && purged.output.contains("with 6 bookings"))
        #expect(try await Everything.traces(of: over, client) == [])
        let forgotten = try await deployment.run("forget", "kim")
        #expect(forgotten.code == 0 && forgotten.output.contains("\(kept.count) bookings"), "\(forgotten.output)")
        #expect(try await visitor.all("myPages", query: "visitor=kim").isEmpty)
        #expect(try await visitor.all("myPages", query: "visitor=lee").count == kept.count)
        for exhibition in kept {
            let names = try await visitor.all("books", query: "museumId=\(exhibition)").compactMap { $0["visitor"]?.text }
            #expect(names.count == 2 && names.contains("lee") && !names.contains("kim"), "\(names)")
        }
        let rebuilt = try await deployment.run("rebuild", "mypage")
        #expect(rebuilt.code == 0 && !rebuilt.output.contains("repaired"), "\(rebuilt.output)")
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }

    private func open() async throws -> (RedisServer, MuseumProcess, Visitor) {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        return (redis, deployment, Visitor(deployment.url("gateway")))
    }

    private func purge(_ deployment: MuseumProcess) throws -> (child: ChildProcess, folder: TemporaryFolder) {
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            MuseumProcess.program, ["purge", "--before", "2021-01-01", "--yes"], environment: deployment.environment,
            folder: folder.url, output: folder.url.appendingPathComponent("output"))
        return (child, folder)
    }

    /// Deleted, and its seats are held until somebody puts it on the list of those being revoked.
    private func deleteWithoutRevoking(_ exhibition: String, _ client: RedisClient) async throws {
        let keys = Self.keys
        _ = try await client.send(
            Command(
                MuseumDelete.script,
                keys: [
                    keys.exhibition(exhibition), keys.exhibitions, keys.deletedExhibitions, "museum:{a}:elsewhere",
                    keys.events(of: "museum"),
                ], arguments: ["1764000000000", "", "", exhibition]))
        _ = try await client.send("DEL", "museum:{a}:elsewhere")
    }
}

extension Visitor {
    /// Staff give the exhibition another date.
    func move(_ exhibition: String, to date: String) async throws {
        let answer = try await send("PATCH", "/museums/\(exhibition)", #"{"date":"\#(date)"}"#)
        guard answer.status == 200 else { throw Failed("moving \(exhibition): \(answer.status) \(answer.text)") }
    }
}
