import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// How a process starts and stops.
@Suite(.timeLimit(.minutes(5)))
struct ProcessTests {
    @Test func requestsUnderWayFinishOnTermination() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(deployment.url("gateway"))
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
            #expect(try await deployment.stop() == 0)
            #expect(ContinuousClock.now - start < .seconds(10))
            try await group.waitForAll()
        }
        try await deployment.launch()
        let available = try await visitor.get("/museums/\(exhibition)").json["available"]?.integer ?? 0
        #expect(100_000 - available >= acknowledged.value)
        let audit = try await deployment.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
        // A clean stop leaves nobody behind in the groups.
        #expect(try await deployment.stop() == 0)
        let consumers = try await redis.client().send("XINFO", "CONSUMERS", "book:{a}:events", "confirm")
        #expect(consumers == .array([]))
    }

    @Test func readinessEndsBeforeTheListener() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(["book", "museum"], ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(deployment.url("museum"))
        #expect(try await visitor.get("/livez").status == 200)
        // Without Redis a role turns unready after three seconds, and ready again with it.
        redis.signal(SIGSTOP)
        try await eventually("unready", within: .seconds(8)) { try await visitor.get("/readyz").status == 503 }
        #expect(try await visitor.get("/livez").status == 200)
        redis.signal(SIGCONT)
        try await eventually("ready") { try await visitor.get("/readyz").status == 200 }
    }

    @Test func redisIsUnavailable() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(deployment.url("gateway"))
        let exhibition = try await visitor.register(capacity: 10)
        redis.kill()
        for path in ["/museums", "/books", "/confirms", "/myPages", "/museums/\(exhibition)"] {
            #expect(try await visitor.get(path).problem == "storage-unavailable", "\(path)")
        }
        let refused = try await visitor.book(exhibition, visitor: "kim", key: "later")
        #expect(refused.status == 503 && refused.problem == "storage-unavailable" && refused.header("Retry-After") == "1")
        try await redis.launch()
        try await eventually("bookings again") {
            try await visitor.book(exhibition, visitor: "kim", key: "later").status == 201
        }
        // A hung Redis: every answer comes by its deadline, and says that the outcome is open.
        redis.signal(SIGSTOP)
        let asked = try await MachinePace.measuring(beside: visitor) {
            try await visitor.book(exhibition, visitor: "lee", key: "open")
        }
        let open = asked.value
        #expect(open.status == 504 && open.problem == "outcome-unknown" || open.problem == "storage-unavailable", "\(open.text)")
        #expect(asked.took < .milliseconds(2100) + asked.slack, "\(asked.took)")
        redis.signal(SIGCONT)
        try await eventually("bookings again") {
            try await visitor.book(exhibition, visitor: "lee", key: "open").status == 201
        }
        let audit = try await deployment.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 8)
    }

    @Test func redisWasNeverReachable() async throws {
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
}
