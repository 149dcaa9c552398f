import Contracts
import Foundation
import HTTPServer
import Platform
import Redis
import TestSupport
import Testing

/// Streams that are trimmed, and whoever comes back to them.
@Suite(.timeLimit(.minutes(5)))
struct RetentionTests {
    /// Redis lets go of whole blocks; here a block is one entry.
    private static let options = ["--stream-node-max-entries", "1"]
    private static let streams = ["museum:{a}:events", "book:{a}:events", "confirm:{a}:events"]

    @Test func replayDoesNoHarmOnTrimmedStreams() async throws {
        let deployment = try await TestDeployment.open(redis: Self.options, environment: ["EVENT_RETENTION": "0s"])
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 100)
        var ids: [String] = []
        for number in 0..<15 {
            ids.append(try #require(try await visitor.book(exhibition, visitor: "visitor \(number % 4)").json["id"]?.text))
        }
        for id in ids.prefix(5) { #expect(try await visitor.delete("/books/\(id)").status == 200) }
        let settled = try await deployment.audit()
        #expect(settled.code == 0, "\(settled.output)")
        let client = try deployment.redis.client()
        let before = try await client.hashes()

        // Owners trim when they start, and once a minute.
        for role in ["museum", "book", "confirm"] {
            #expect(try await deployment[role].stop() == 0)
            try await deployment[role].launch()
        }
        for stream in Self.streams {
            try await eventually("\(stream) is trimmed") { try await client.send("XLEN", stream) == .integer(1) }
        }
        let subscriptions = [
            "museum": ["book", "mypage"], "book": ["museum", "confirm", "mypage"], "confirm": ["mypage"],
        ]
        for (service, groups) in subscriptions {
            for group in groups { _ = try await client.send("XGROUP", "SETID", "\(service):{a}:events", group, "0") }
        }
        for service in ["museum", "book", "confirm", "mypage"] {
            let replay = try await deployment["book"].run("replay", service)
            #expect(replay.code == 0 && replay.output.contains("caught up"), "\(replay.output)")
        }
        for (service, groups) in subscriptions {
            for group in groups { _ = try await client.send("XGROUP", "DESTROY", "\(service):{a}:events", group) }
        }
        let later = try #require(try await visitor.book(exhibition, visitor: "later").json["id"]?.text)
        try await eventually("the new booking is everywhere") {
            try await visitor.get("/myPages/\(later)").json["admission"]?.text == "CONFIRMED"
        }
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
        let after = try await client.hashes()
        for (key, fields) in before where key.contains(":a1-") { #expect(after[key] == fields, "\(key)") }
    }

    /// Stream ids are drawn by Redis. A service whose clock is a day ahead does not take them for a day older than they are.
    @Test func aServicesClockDoesNotAgeEvents() async throws {
        let folder = try TemporaryFolder()
        let clock = folder.url.appendingPathComponent("clock")
        try Data("+0".utf8).write(to: clock)
        let preloaded = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("libPreload.so").path
        let deployment = try await TestDeployment.open(
            redis: Self.options,
            environment: ["EVENT_RETENTION": "1h", "LD_PRELOAD": preloaded, "SHIFTED_CLOCK": clock.path])
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 100)
        for number in 0..<10 { #expect(try await visitor.book(exhibition, visitor: "visitor \(number)").status == 201) }
        let settled = try await deployment.audit()
        #expect(settled.code == 0, "\(settled.output)")
        let client = try deployment.redis.client()
        func lengths() async throws -> [Int] {
            var lengths: [Int] = []
            for stream in Self.streams { lengths.append(try await client.send("XLEN", stream).asInteger()) }
            return lengths
        }
        func trims() async throws -> Int {
            let stats = try await client.send("INFO", "commandstats").asText()
            return stats.firstMatch(of: /cmdstat_xtrim:calls=(\d+)/).flatMap { Int($0.1) } ?? 0
        }

        try Data("+86400".utf8).write(to: clock)
        let ahead = try await visitor.book(exhibition, visitor: "from tomorrow").json["createdAt"]?.text
        let before = try await lengths()
        let trimsBefore = try await trims()
        #expect(ahead?.prefix(10) != Timestamp.text(WallClock.now()).prefix(10), "the clock is ahead")
        // Owners trim when they start.
        for role in ["museum", "book", "confirm"] {
            #expect(try await deployment[role].stop() == 0)
            try await deployment[role].launch()
        }
        try await eventually("each owner has trimmed") { try await trims() >= trimsBefore + 3 }
        #expect(try await lengths().elementsEqual(before, by: >=), "nothing is gone")
    }

    @Test func aStoppedMyPageWithItsOwnStoreHoldsWhatItNeeds() async throws {
        let redis = try await RedisServer.start(Self.options)
        let own = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let environment = ["EVENT_RETENTION": "0s", "MYPAGE_REDIS_URL": own.url]
        let services = try await MuseumProcess.start(
            ["book", "museum", "confirm", "gateway"], ports: ports, redis: redis, environment: environment)
        let myPage = try await MuseumProcess.start(["mypage"], ports: ports, redis: redis, environment: environment)
        let visitor = Visitor(services.url("gateway"))
        let client = try redis.client()
        let exhibition = try await visitor.register(capacity: 100)
        for number in 0..<10 { #expect(try await visitor.book(exhibition, visitor: "early \(number)").status == 201) }
        let settled = try await services.run("audit")
        #expect(settled.code == 0, "\(settled.output)")

        #expect(try await myPage.stop() == 0)
        let copy = try await client.send("GET", "mypage:{a}:progress:book").asText()
        #expect(try await own.client().send("GET", "mypage:{a}:progress:book").asText() == copy)
        for number in 0..<10 { #expect(try await visitor.book(exhibition, visitor: "late \(number)").status == 201) }
        for group in ["museum", "confirm"] {
            try await eventually("\(group) has caught up") {
                let last = try await client.send("XREVRANGE", "book:{a}:events", "+", "-", "COUNT", "1").asArray()[0].asArray()[0]
                return try await client.send("GET", "\(group):{a}:progress:book") == last
            }
        }
        // Among the groups Redis lists there is none of MyPage.
        _ = try await client.send("XGROUP", "DESTROY", "book:{a}:events", "mypage")
        #expect(try await services.stop() == 0)
        try await services.launch()
        try await eventually("what MyPage has applied is gone") {
            try await client.send("XRANGE", "book:{a}:events", "-", "+", "COUNT", "1").asArray()[0].asArray()[0] == .text(copy)
        }
        #expect(try await client.send("XLEN", "book:{a}:events").asInteger() >= 21, "and nothing else")

        try await myPage.launch()
        try await eventually("the pages are complete") { try await visitor.all("myPages").count == 20 }
        let audit = try await services.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
    }

    @Test func alarmsAreInTheMetrics() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(
            ["book", "museum", "gateway"], ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(deployment.url("gateway"))
        let exhibition = try await visitor.register(capacity: 10)
        #expect(try await visitor.book(exhibition, visitor: "kim").status == 201)
        try await eventually("lag and memory are shown", within: .seconds(15), every: .milliseconds(200)) {
            let metrics = try await visitor.get("/metrics").text
            func value(_ series: String) -> Double {
                metrics.split(separator: "\n").first { $0.hasPrefix(series + " ") }.flatMap {
                    Double($0.dropFirst(series.count + 1))
                } ?? -1
            }
            func lag(_ measure: String, of group: String, on stream: String) -> Double {
                value("skmuseum_consumer_lag_\(measure){service=\"\(group)\",stream=\"\(stream)\",partition=\"a\"}")
            }
            return lag("seconds", of: "confirm", on: "book") > 0 && lag("events", of: "confirm", on: "book") == 2
                && lag("seconds", of: "museum", on: "book") == 0 && lag("events", of: "museum", on: "book") == 0
                && lag("seconds", of: "mypage", on: "museum") > 0
                && value("skmuseum_redis_memory_used_bytes") > 500_000 && value("skmuseum_redis_memory_limit_bytes") > 1e8
        }
    }
}
