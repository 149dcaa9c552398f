import Foundation
import HTTPServer
import Redis
import Scripts
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct PurgeTests {
    private static let groups = ["museum": ["book", "mypage"], "book": ["museum", "confirm", "mypage"], "confirm": ["mypage"]]

    @Test func purgedExhibitionsDoNotComeBack() async throws {
        let (redis, deployment, visitor) = try await open()
        let client = try redis.client()
        let (old, kept) = try await season(visitor, client)
        let late = try #require(try await visitor.all("books", query: "museumId=\(old[0])").first?["id"]?.text)
        let before = try await client.hashes()

        let asked = try await deployment.run("purge", "--before", "2021-01-01")
        #expect(asked.code == 0 && asked.output.contains("would purge 3 exhibitions"), "\(asked.output)")
        let askedToo = try await deployment.run("purge", "--before", "2021-01-01", "--dry-run")
        #expect(askedToo.output == asked.output)
        #expect(try await client.hashes() == before, "asking changes nothing")
        for day in [MuseumClock.today(), "2999-01-01"] {
            let refused = try await deployment.run("purge", "--before", day, "--yes")
            #expect(refused.code == 64 && refused.output.contains("before today"), "\(refused.output)")
        }

        redis.runFirst()
        _ = try await client.send("SLOWLOG", "RESET")
        let purged = try await deployment.run("purge", "--before", "2021-01-01", "--yes")
        #expect(purged.code == 0 && purged.output.contains("purged 3 exhibitions"), "\(purged.output)")
        #expect(try await client.send("SLOWLOG", "GET", "10") == .array([]))
        #expect(try await Everything.traces(of: old, client) == [])
        for (key, fields) in before where key.contains(":\(kept)-") {
            #expect(try await client.hashes(key)[key] == fields, "\(key)")
        }
        for path in ["/museums/\(old[0])", "/books/\(late)", "/confirms/\(late)", "/myPages/\(late)"] {
            #expect(try await visitor.get(path).status == 404, "\(path)")
        }
        #expect(try await visitor.delete("/books/\(late)").status == 404, "a late cancel")
        try await stays(gone: old, deployment, client)
        let new = try await visitor.register(capacity: 5)
        #expect(!old.contains(new), "a number is never given out again")
        let nothing = try await deployment.run("purge", "--before", "2021-01-01", "--yes")
        #expect(nothing.code == 0 && nothing.output.contains("purged 0"), "\(nothing.output)")
    }

    @Test func aKilledPurgeContinues() async throws {
        let (redis, deployment, visitor) = try await open()
        let client = try redis.client()
        let (old, kept) = try await season(visitor, client)
        let traffic = Traffic(visitor: visitor, exhibitions: [kept], edited: kept)
        _ = try await traffic.during {
            let folder = try TemporaryFolder()
            let book = "book:{a}:\(old[0]):index"
            // As it closes, as bookings are gone, as seats go.
            for moment in ["closing", "removing", "ending"] {
                let child = try ChildProcess(
                    MuseumProcess.program, ["purge", "--before", "2021-01-01", "--yes"], environment: deployment.environment,
                    folder: folder.url, output: folder.url.appendingPathComponent(moment))
                try await eventually("it is \(moment)", within: .seconds(30), every: .milliseconds(1)) {
                    switch moment {
                    case "closing": try await client.send("HGET", "museum:{a}:\(old[0])", "purging") == .text("1")
                    case "removing": try await client.send("EXISTS", book) == .integer(0)
                    default: try await client.send("EXISTS", "museum:{a}:\(old[0])") == .integer(0)
                    }
                }
                child.end()
            }
            let purged = try await deployment.run("purge", "--before", "2021-01-01", "--yes")
            #expect(purged.code == 0, "\(purged.output)")
        }
        #expect(try await Everything.traces(of: old, client) == [])
        try await stays(gone: old, deployment, client)
    }

    /// With MyPage on a Redis of its own, pages go from there, and a name as well.
    @Test func onTwoServers() async throws {
        let (redis, own) = (try await RedisServer.start(), try await RedisServer.start())
        let deployment = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis, environment: ["MYPAGE_REDIS_URL": own.url])
        let visitor = Visitor(deployment.url("gateway"))
        let (client, store) = (try redis.client(), try own.client())
        let (old, kept) = try await season(visitor, client)
        #expect(try await Everything.traces(of: old, store).count > 10)
        let purged = try await deployment.run("purge", "--before", "2021-01-01", "--yes")
        #expect(purged.code == 0, "\(purged.output)")
        let forgotten = try await deployment.run("forget", "visitor 3")
        #expect(forgotten.code == 0, "\(forgotten.output)")
        #expect(try await Everything.traces(of: old, client) == [])
        #expect(try await Everything.traces(of: old, store) == [])
        #expect(try await visitor.all("myPages", query: "visitor=visitor%203").isEmpty)
        #expect(try await visitor.all("myPages").count == 40, "those of \(kept)")
        try await stays(gone: old, deployment, client)
        #expect(try await Everything.traces(of: old, store) == [])
    }

    /// Every group is set back, every service replayed: nothing returns, and the audit finds nothing.
    private func stays(gone old: [String], _ deployment: MuseumProcess, _ client: RedisClient) async throws {
        for (service, groups) in Self.groups {
            for group in groups { _ = try await client.send("XGROUP", "SETID", "\(service):{a}:events", group, "0") }
        }
        for service in ["museum", "book", "confirm", "mypage"] {
            let replay = try await deployment.run("replay", service)
            #expect(replay.code == 0, "\(replay.output)")
        }
        #expect(try await Everything.traces(of: old, client) == [])
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
        #expect(try await client.send("XLEN", "book:{a}:dead") == .integer(0))
    }

    private func open() async throws -> (RedisServer, MuseumProcess, Visitor) {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        return (redis, deployment, Visitor(deployment.url("gateway")))
    }

    /// Three exhibitions that are over, one of them deleted, and one to come.
    private func season(_ visitor: Visitor, _ client: RedisClient) async throws -> (old: [String], kept: String) {
        var old: [String] = []
        for _ in 1...3 { old.append(try await visitor.register(capacity: 1000)) }
        let kept = try await visitor.register(capacity: 100_000)
        // Ends on the first day that stays, at night.
        let night = try await visitor.send(
            "POST", "/museums", #"{"hall":"B","date":"2020-12-31","startTime":"22:00","endTime":"02:00","capacity":5}"#)
        #expect(night.status == 201)
        for exhibition in old + [kept] {
            for number in 0..<40 {
                let answer = try await visitor.book(exhibition, visitor: "visitor \(number % 9)", seats: 2)
                if number.isMultiple(of: 4) { _ = try await visitor.delete("/books/\(answer.json["id"]?.text ?? "")") }
            }
        }
        // What is over takes no bookings, so it is dated back after them.
        for (id, date) in zip(old, ["2020-02-29", "2020-12-30", "2020-12-31"]) { try await visitor.setDate(of: id, to: date) }
        // Seats for which nobody records a booking: Book gives them up, and is left with an aborted attempt.
        let keys = Keys(partition: "a")
        let lost = old[0] + "-000000000001"
        _ = try await client.run(
            MuseumReserve(
                in: keys, now: 1_764_000_000_000, exhibition: old[0], date: "2020-01-01", previousDate: "2019-12-31",
                time: "12:00",
                reservations: [
                    MuseumReserve.Reservation(booking: lost, seats: 2, visitor: "visitor 1", requestId: nil)
                ]))
        _ = try await visitor.delete("/museums/\(old[2])")
        try await eventually("the attempt is aborted") {
            try await client.send("HGET", keys.seats(old[0]), lost) == .text("0")
        }
        return (old, kept)
    }
}

/// What day it is in the museum, as the program's default has it.
enum MuseumClock {
    static func today() -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "Asia/Seoul")!
        let parts = calendar.dateComponents([.year, .month, .day], from: Date())
        return String(format: "%04d-%02d-%02d", parts.year!, parts.month!, parts.day!)
    }
}

/// All that a key holds, as texts: names, values, members.
enum Everything {
    /// Keys in whose name, fields, members or values one of the exhibitions stands, or a booking of one. That they have been
    /// purged is remembered for ever, and no trace.
    static func traces(of exhibitions: [String], _ client: RedisClient) async throws -> [String] {
        var traces: [String] = []
        let isMeant = { (text: String) in
            exhibitions.contains { text == $0 || text.hasPrefix($0 + "-") || text.hasPrefix($0 + ":") }
        }
        for key in try await client.send("KEYS", "*").asTexts() where !key.hasSuffix("}:purged") {
            let words = key.split(separator: ":").map(String.init)
            let content = try await texts(of: key, client)
            if words.contains(where: isMeant) || content.contains(where: isMeant) { traces.append(key) }
        }
        return traces
    }

    static func texts(of key: String, _ client: RedisClient) async throws -> [String] {
        switch try await client.send("TYPE", key).asText() {
        case "hash": try await client.send("HGETALL", key).asTexts()
        case "zset": try await client.send("ZRANGE", key, "0", "-1").asTexts()
        case "set": try await client.send("SMEMBERS", key).asTexts()
        case "stream":
            try await client.send("XRANGE", key, "-", "+").asArray().flatMap { try $0.asArray()[1].asTexts() }
        case "string": [try await client.send("GET", key).asText()]
        default: throw Failed("\(key) is of a type that nobody here writes")
        }
    }
}
