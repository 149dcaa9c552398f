import Chassis
import Foundation
import NIOCore
import Redis
import TestSupport
import Testing

@testable import skmuseum

/// How a process starts and stops.
@Suite(.timeLimit(.minutes(5)))
struct ProcessTests {
    @Test func requestsUnderWayFinishOnTermination() async throws {
        let redis = try await RedisServer.start()
        let house = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(house.url("gateway"))
        let exhibition = try await visitor.register(capacity: 100_000)
        let acknowledged = LockedBox(0)
        try await withThrowingTaskGroup { group in
            for lane in 0..<16 {
                group.addTask {
                    for number in 0..<10_000 {
                        // Once it is told to stop, a connection may be refused; an answer is never anything but 201.
                        guard let answer = try? await visitor.book(exhibition, visitor: "\(lane)-\(number)") else { return }
                        #expect(answer.status == 201)
                        acknowledged.update { $0 += 1 }
                    }
                }
            }
            try await eventually("bookings are under way") { acknowledged.value > 200 }
            let start = ContinuousClock.now
            #expect(try await house.stop() == 0)
            #expect(ContinuousClock.now - start < .seconds(10))
            try await group.waitForAll()
        }
        try await house.launch()
        let available = try await visitor.get("/museums/\(exhibition)").json["available"]?.integer ?? 0
        #expect(100_000 - available >= acknowledged.value)
        let audit = try await house.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
        // A clean stop leaves nobody behind in the groups.
        #expect(try await house.stop() == 0)
        let consumers = try await redis.client().send("XINFO", "CONSUMERS", "book:{a}:events", "confirm")
        #expect(consumers == .array([]))
    }

    @Test func readinessGoesFirst() async throws {
        let redis = try await RedisServer.start()
        let house = try await MuseumProcess.start(["book", "museum"], ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(house.url("museum"))
        #expect(try await visitor.get("/livez").status == 200)
        // Without Redis a role turns unready after three seconds, and ready again with it.
        redis.signal(SIGSTOP)
        try await eventually("unready", within: .seconds(8)) { try await visitor.get("/readyz").status == 503 }
        #expect(try await visitor.get("/livez").status == 200)
        redis.signal(SIGCONT)
        try await eventually("ready") { try await visitor.get("/readyz").status == 200 }
    }

    @Test func redisIsAway() async throws {
        let redis = try await RedisServer.start()
        let house = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(house.url("gateway"))
        let exhibition = try await visitor.register(capacity: 10)
        redis.kill()
        for path in ["/museums", "/books", "/confirms", "/myPages", "/museums/\(exhibition)"] {
            #expect(try await visitor.get(path).problem == "storage-unavailable", "\(path)")
        }
        let refused = try await visitor.book(exhibition, visitor: "kim", key: "later")
        #expect(refused.status == 503 && refused.problem == "storage-unavailable" && refused.header("Retry-After") == "1")
        try await redis.launch()
        try await eventually("bookings again", within: .seconds(3)) {
            try await visitor.book(exhibition, visitor: "kim", key: "later").status == 201
        }
        // A hung Redis: every answer comes by its deadline, and says that the outcome is open.
        redis.signal(SIGSTOP)
        let start = ContinuousClock.now
        let open = try await visitor.book(exhibition, visitor: "lee", key: "open")
        #expect(open.status == 504 && open.problem == "outcome-unknown" || open.problem == "storage-unavailable", "\(open.text)")
        #expect(ContinuousClock.now - start < .milliseconds(2100))
        redis.signal(SIGCONT)
        try await eventually("bookings again", within: .seconds(3)) {
            try await visitor.book(exhibition, visitor: "lee", key: "open").status == 201
        }
        let audit = try await house.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 8)
    }

    @Test func neverSeenRedis() async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        redis.kill()
        let folder = try TemporaryFolder()
        var environment = ["REDIS_URL": redis.url]
        for (role, port) in ports { environment["\(role.uppercased())_PORT"] = String(port) }
        let child = try ChildProcess(
            MuseumProcess.program, ["serve"], environment: environment, folder: folder.url,
            output: folder.url.appendingPathComponent("log"))
        let visitor = Visitor("http://127.0.0.1:\(ports["gateway"]!)")
        try await eventually("it listens") { (try? await visitor.get("/livez").status) == 200 }
        #expect(try await visitor.get("/museums").problem == "storage-unavailable")
        #expect(try await Visitor("http://127.0.0.1:\(ports["book"]!)").get("/readyz").status == 503)
        child.signal(SIGTERM)
        #expect(try await child.waitForExit() == 0)
    }

    @Test(arguments: [
        ("BIND_ADDRESS", "everywhere"), ("REDIS_URL", "http://localhost"),
        ("REDIS_URL", "rediss://localhost?ca=/nowhere/ca.pem"), ("MYPAGE_REDIS_URL", "rediss://:hunter2@localhost?ca=/dev/null"),
        ("BOOK_PORT", "eighty"), ("BOOK_PORT", "0"),
        ("GATEWAY_PORT", "8081"),
        ("PARTITIONS", "0"), ("PARTITIONS", "65"),
        ("MUSEUM_URL", "ftp://x"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"), ("TIME_ZONE", "Mars/Olympus"),
        ("INSTANCE_ID", "a b"), ("EVENT_RETENTION", "7"), ("EVENT_RETENTION", "-1d"),
    ])
    func badConfiguration(variable: String, value: String) async throws {
        let folder = try TemporaryFolder()
        let output = folder.url.appendingPathComponent("log")
        let child = try ChildProcess(
            MuseumProcess.program, ["serve"], environment: [variable: value], folder: folder.url, output: output)
        #expect(try await child.waitForExit() == 78)
        #expect(child.printed().contains(variable) || variable == "GATEWAY_PORT")
        #expect(!child.printed().contains("hunter2"))
        #expect(child.printed().split(separator: "\n").count == 1, "\(child.printed())")
    }

    @Test func wrongUsage() async throws {
        let folder = try TemporaryFolder()
        for (number, arguments) in [
            ["serve", "--role", "cook"], ["replay", "gateway"], ["trace", "{a}"], ["audit", "--wait", "long"], ["nonsense"],
        ].enumerated() {
            let child = try ChildProcess(
                MuseumProcess.program, arguments, folder: folder.url, output: folder.url.appendingPathComponent("\(number)"))
            #expect(try await child.waitForExit() == 64, "\(arguments)")
        }
    }

    @Test func takenPort() async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let first = try await MuseumProcess.start(["museum"], ports: ports, redis: redis)
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            MuseumProcess.program, ["serve", "--role", "museum"],
            environment: ["REDIS_URL": redis.url, "MUSEUM_PORT": String(ports["museum"]!)], folder: folder.url,
            output: folder.url.appendingPathComponent("log"))
        #expect(try await child.waitForExit() == 1)
        #expect(child.printed().contains("MUSEUM_PORT"))
        #expect(try await first.stop() == 0)
    }
}

/// The redis-server that comes with the house.
@Suite(.timeLimit(.minutes(5)))
struct EmbeddedRedisTests {
    @Test func outlivesItsParentAndIsTakenOver() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePorts.take(1)[0]
        let directory = folder.url.appendingPathComponent("data/redis").path
        let endpoint = try await EmbeddedRedis(port: port, directory: directory).start()
        let client = RedisClient(endpoint)
        _ = try await client.send("SET", "kept", "yes")
        // Nobody has stopped it: a second start finds it and its data.
        let again = EmbeddedRedis(port: port, directory: directory)
        #expect(try await again.start() == endpoint)
        #expect(try await client.send("GET", "kept") == .text("yes"))
        #expect(try await client.send("CONFIG", "GET", "appendfsync") == .array([.text("appendfsync"), .text("always")]))
        // Another process of ours still uses it: it stays.
        var options = RedisOptions()
        options.clientName = "skmuseum-other"
        let other = RedisClient(endpoint, options: options)
        _ = try await other.send("PING")
        client.close()
        await again.stop()
        #expect(try await other.send("PING") == .text("PONG"))
        other.close()
        let folderOfOther = try TemporaryFolder()
        await #expect(throws: Complaint.self) {
            try await EmbeddedRedis(port: port, directory: folderOfOther.url.appendingPathComponent("redis").path).start()
        }
        try await eventually("it stops with its last user") {
            await again.stop()
            if case .failure(.unreachable) = await RedisClient(endpoint).send([Command("PING")])[0] {
                return true
            } else {
                return false
            }
        }
        #expect(try await EmbeddedRedis(port: port, directory: directory).start() == endpoint)
        #expect(try await RedisClient(endpoint).send("GET", "kept") == .text("yes"))
        await again.stop()
    }

    /// A power failure in the middle of a write. Loaded as it is, the first half would stay at the log's end, come back at the start
    /// after next, and swallow what was written behind it.
    @Test(arguments: [1, 20, 60])
    func aLogThatIsCutShort(by bytes: Int) async throws {
        let folder = try TemporaryFolder()
        let port = try FreePorts.take(1)[0]
        let directory = folder.url.appendingPathComponent("redis").path
        let embedded = EmbeddedRedis(port: port, directory: directory)
        let both = Script(name: "both", source: "#!lua\nfor i = 1, 2 do redis.call('SET', KEYS[i], ARGV[1]) end return 1")
        var client = RedisClient(try await embedded.start())
        _ = try await client.send(Command(both, keys: ["{x}a", "{x}b"], arguments: ["1"]))
        _ = try await client.send(Command(both, keys: ["{x}a", "{x}b"], arguments: ["2"]))
        client.close()
        await embedded.stop()
        let log = directory + "/appendonlydir/appendonly.aof.1.incr.aof"
        try await eventually("it has stopped") { !FileManager.default.fileExists(atPath: directory + "/redis.pid") }
        let size = try #require(try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int)
        #expect(truncate(log, off_t(size - bytes)) == 0)

        client = RedisClient(try await embedded.start())
        #expect(try await client.send("MGET", "{x}a", "{x}b").asTexts() == ["1", "1"])
        _ = try await client.send("SET", "{x}c", "3")
        client.close()
        await embedded.stop()
        try await eventually("it has stopped") { !FileManager.default.fileExists(atPath: directory + "/redis.pid") }
        client = RedisClient(try await embedded.start())
        #expect(try await client.send("MGET", "{x}a", "{x}b", "{x}c").asTexts() == ["1", "1", "3"])
        client.close()
        await embedded.stop()
    }

    /// Several processes that start at the same moment have one server.
    @Test func oneOfManyLaunches() async throws {
        let folder = try TemporaryFolder()
        let embedded = EmbeddedRedis(port: try FreePorts.take(1)[0], directory: folder.url.appendingPathComponent("redis").path)
        let endpoints = try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { try await embedded.start() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(endpoints.map(\.description)).count == 1)
        await embedded.stop()
    }

    @Test func withoutTheProgram() async throws {
        let folder = try TemporaryFolder()
        let output = folder.url.appendingPathComponent("log")
        // The port is somebody's in this test's machine perhaps; then the complaint is the other one. Both say what to do.
        let child = try ChildProcess(
            "env", ["PATH=/nowhere", MuseumProcess.program, "serve"], folder: folder.url, output: output)
        #expect(try await child.waitForExit() == 1)
        #expect(child.printed().contains("REDIS_URL") && child.printed().split(separator: "\n").count == 1, "\(child.printed())")
    }
}
