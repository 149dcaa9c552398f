import FaultInjection
import Foundation
import HTTPServer
import TestSupport
import Testing

/// Whatever hangs behind it, a request is answered by its deadline and 100 ms: 2 s, and 3 s where the gateway forwards it.
/// What the machine needs besides, because it is busy, is measured beside it with requests that ask for nothing.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DeadlineTests {
    private static let requests: [(method: String, path: String, body: String?)] = [
        ("GET", "/museums", nil), ("GET", "/museums/a1", nil), ("GET", "/museums?hall=x&status=DELETED", nil),
        ("GET", "/books", nil), ("GET", "/books?museumId=a1", nil), ("GET", "/books/a1-000000000000", nil),
        ("GET", "/confirms", nil), ("GET", "/confirms/a1-000000000000", nil),
        ("GET", "/myPages", nil), ("GET", "/myPages?visitor=kim", nil), ("GET", "/myPages/a1-000000000000", nil),
        ("POST", "/museums", #"{"hall":"A","date":"2099-12-24","capacity":5}"#),
        ("PATCH", "/museums/a1", #"{"hall":"B"}"#), ("DELETE", "/museums/a1", nil),
        ("POST", "/books", #"{"museumId":"a1","visitor":"kim"}"#),
        ("PATCH", "/books/a1-000000000000", #"{"status":"CANCELED"}"#), ("DELETE", "/books/a1-000000000000", nil),
    ]

    /// Which process serves a path, whoever forwards to it.
    private static func role(of path: String) -> String {
        path.hasPrefix("/museums")
            ? "museum" : path.hasPrefix("/books") ? "book" : path.hasPrefix("/confirms") ? "confirm" : "mypage"
    }

    /// A whole deployment, in one process or in five, behind a Redis that a test can slow down or stop.
    private struct Deployment {
        let redis: RedisServer
        let proxy: FaultProxy
        let processes: [MuseumProcess]
        let gateway: Visitor

        static func start(fiveProcesses: Bool, environment: [String: String] = [:]) async throws -> Deployment {
            let redis = try await RedisServer.start()
            let proxy = try await FaultProxy.open(to: redis.port, seed: 1)
            let ports = try MuseumProcess.freePorts()
            var environment = environment
            environment["REDIS_URL"] = "redis://127.0.0.1:\(proxy.port)"
            var processes: [MuseumProcess] = []
            for roles in fiveProcesses ? MuseumProcess.allRoles.map({ [$0] }) : [MuseumProcess.allRoles] {
                processes.append(
                    try await MuseumProcess.start(roles, ports: ports, redis: redis, environment: environment))
            }
            return Deployment(
                redis: redis, proxy: proxy, processes: processes, gateway: Visitor("http://127.0.0.1:\(ports["gateway"]!)"))
        }

        func visitor(_ role: String) -> Visitor { Visitor(processes[0].url(role)) }

        func process(_ role: String) -> MuseumProcess { processes.first { $0.roles.contains(role) }! }
    }

    /// One request at one port, and how long its answer may take.
    private struct Attempt {
        let name: String
        let visitor: Visitor
        let request: (method: String, path: String, body: String?)
        let limit: Duration
    }

    /// Every route at the gateway, and at its own port.
    private static func attempts(_ deployment: Deployment, fiveProcesses: Bool) -> [Attempt] {
        let reservation = #"{"reservations":[{"bookId":"a1-000000000009","seats":1,"visitor":"kim"}]}"#
        return requests.flatMap { request in
            let role = role(of: request.path)
            return [
                Attempt(
                    name: "\(request.method) \(request.path) at the gateway", visitor: deployment.gateway, request: request,
                    limit: .seconds(fiveProcesses ? 3 : 2)),
                Attempt(
                    name: "\(request.method) \(request.path) at \(role)", visitor: deployment.visitor(role), request: request,
                    limit: .seconds(2)),
            ]
        } + [
            Attempt(
                name: "reservations", visitor: deployment.visitor("museum"),
                request: ("POST", "/museums/a1/reservations", reservation), limit: .seconds(2))
        ]
    }

    /// What else takes time: the longest answer to a request that asks for nothing, at each port, while the work is done.
    private static func measuringEmptyRequests<Result: Sendable>(
        _ deployment: Deployment, at roles: [String] = MuseumProcess.allRoles, _ work: () async throws -> Result
    ) async throws -> (result: Result, slack: Duration) {
        let isDone = LockedBox(false)
        async let slack = longestEmptyRequest(deployment, roles, until: isDone)
        let result: Result
        do {
            result = try await work()
        } catch {
            isDone.value = true
            throw error
        }
        isDone.value = true
        return (result, try await slack)
    }

    private static func longestEmptyRequest(
        _ deployment: Deployment, _ roles: [String], until isDone: LockedBox<Bool>
    ) async throws -> Duration {
        try await withThrowingTaskGroup(of: Duration.self) { group in
            for visitor in roles.map(deployment.visitor) {
                group.addTask {
                    var longest = Duration.zero
                    while !isDone.value {
                        let start = ContinuousClock.now
                        _ = try? await visitor.get("/livez")
                        longest = max(longest, .now - start)
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    return longest
                }
            }
            return try await group.reduce(.zero) { max($0, $1) }
        }
    }

    private static func send(_ attempt: Attempt) async throws -> (attempt: Attempt, answer: Visitor.Answer, took: Duration) {
        let start = ContinuousClock.now
        let answer = try await attempt.visitor.send(attempt.request.method, attempt.request.path, attempt.request.body)
        return (attempt, answer, .now - start)
    }

    private static func sendAll(_ attempts: [Attempt]) async throws -> [(
        attempt: Attempt, answer: Visitor.Answer, took: Duration
    )] {
        try await withThrowingTaskGroup(of: (attempt: Attempt, answer: Visitor.Answer, took: Duration).self) { group in
            for attempt in attempts { group.addTask { try await send(attempt) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Every route, at every port, while Redis is asleep; twice, since the first finds connections and the second doesn't.
    @Test(arguments: [false, true])
    func redisIsAsleep(fiveProcesses: Bool) async throws {
        let deployment = try await Deployment.start(fiveProcesses: fiveProcesses)
        let visitor = deployment.gateway
        #expect(try await visitor.register(capacity: 10) == "a1")
        _ = try await visitor.book("a1", visitor: "early")
        try await eventually("every service has heard of the partition", within: .seconds(5)) {
            for service in ["books", "confirms", "myPages"] where try await visitor.all(service).isEmpty { return false }
            return true
        }
        deployment.redis.signal(SIGSTOP)
        for round in 1...2 {
            let (all, slack) = try await Self.measuringEmptyRequests(deployment) {
                try await Self.sendAll(Self.attempts(deployment, fiveProcesses: fiveProcesses))
            }
            for (attempt, answer, took) in all {
                #expect([502, 503, 504].contains(answer.status), "\(attempt.name): \(answer.status) \(answer.text)")
                #expect(took < attempt.limit + .milliseconds(100) + slack, "\(attempt.name): \(took), empty requests \(slack)")
                if answer.problem == "outcome-unknown", attempt.request.path == "/books" {
                    #expect(answer.json["bookId"]?.text?.hasPrefix("a1-") == true, "\(answer.text)")
                }
            }
            let slowest = all.map { ("\($0.attempt.name)", $0.took) }.max { $0.1 < $1.1 }
            print(
                "Redis asleep, \(fiveProcesses ? "five processes" : "one"), round \(round): slowest", slowest ?? "", "slack",
                slack)
        }
        deployment.redis.signal(SIGCONT)
        try await eventually("well again", within: .seconds(5)) { try await visitor.get("/museums").status == 200 }
    }

    /// Redis answers, each time 240 ms late, and there are twenty partitions: lists are whole, and everything is in time.
    @Test(arguments: [false, true])
    func redisIsSlow(fiveProcesses: Bool) async throws {
        let deployment = try await Deployment.start(fiveProcesses: fiveProcesses, environment: ["PARTITIONS": "20"])
        let visitor = deployment.gateway
        var ids: [String] = []
        while Set(ids.map { $0.prefix(1) }).count < 20 { ids.append(try await visitor.register(capacity: 10)) }
        for id in ids { #expect(try await visitor.book(id, visitor: "kim").status == 201) }
        try await eventually("every service has heard of all") {
            for service in ["confirms", "myPages"] where try await visitor.all(service).count < ids.count { return false }
            return true
        }
        deployment.proxy.set(.late(.milliseconds(240)))
        let attempts = Self.attempts(deployment, fiveProcesses: fiveProcesses)
        // Lists one after the other, since commands that are late together arrive together.
        let lists = attempts.filter { attempt in
            attempt.request.method == "GET"
                && ["/museums", "/books", "/confirms", "/myPages", "/myPages?visitor=kim"].contains(attempt.request.path)
        }
        let (listed, slack) = try await Self.measuringEmptyRequests(deployment) {
            var all: [(attempt: Attempt, answer: Visitor.Answer, took: Duration)] = []
            for attempt in lists { all.append(try await Self.send(attempt)) }
            return all
        }
        for (attempt, answer, took) in listed {
            let relation = attempt.request.path.split(separator: "?")[0].dropFirst()
            #expect(answer.status == 200, "\(attempt.name): \(answer.status) \(answer.text)")
            #expect(answer.json["_embedded"]?[String(relation)]?.elements?.count == 20, "\(attempt.name)")
            #expect(took < attempt.limit + .milliseconds(100) + slack, "\(attempt.name): \(took), empty requests \(slack)")
        }
        let slowest = listed.map { ("\($0.attempt.name)", $0.took) }.max { $0.1 < $1.1 }
        print("Redis 240 ms late, \(fiveProcesses ? "five processes" : "one"): slowest list", slowest ?? "", "slack", slack)
        let (all, otherSlack) = try await Self.measuringEmptyRequests(deployment) { try await Self.sendAll(attempts) }
        for (attempt, answer, took) in all {
            #expect(
                took < attempt.limit + .milliseconds(100) + otherSlack, "\(attempt.name): \(took), empty requests \(otherSlack)")
            #expect(answer.status != 500, "\(attempt.name): \(answer.text)")
        }
        #expect(deployment.proxy.operations.delayed > 0)
        deployment.proxy.set(.forwarding)
        try await eventually("settled", within: .seconds(20)) {
            try await deployment.processes[0].run("audit", "--wait", "20s").code == 0
        }
    }

    /// Museum is asleep: what needs it is answered in time, the rest as ever.
    @Test func aStoppedMuseumEndsInTime() async throws {
        let deployment = try await Deployment.start(fiveProcesses: true)
        let visitor = deployment.gateway
        #expect(try await visitor.register(capacity: 10) == "a1")
        _ = try await visitor.book("a1", visitor: "early")
        // The first may be deleted by a request that Museum takes up when it wakes.
        let other = try await visitor.register(capacity: 10)
        deployment.process("museum").signal(SIGSTOP)
        let attempts = Self.attempts(deployment, fiveProcesses: true).filter {
            !$0.name.hasSuffix("at museum") && $0.name != "reservations"
        }
        for _ in 1...2 {
            let (all, slack) = try await Self.measuringEmptyRequests(deployment, at: ["book", "confirm", "mypage", "gateway"]) {
                try await Self.sendAll(attempts)
            }
            for (attempt, answer, took) in all {
                #expect(took < attempt.limit + .milliseconds(100) + slack, "\(attempt.name): \(took)")
                if Self.role(of: attempt.request.path) == "museum" {
                    #expect(answer.problem == "upstream-timeout", "\(attempt.name): \(answer.text)")
                } else if attempt.request.method == "POST" {
                    #expect(
                        ["museum-unavailable", "outcome-unknown"].contains(answer.problem), "\(attempt.name): \(answer.text)")
                } else {
                    #expect([200, 404, 409].contains(answer.status), "\(attempt.name): \(answer.text)")
                }
            }
        }
        deployment.process("museum").signal(SIGCONT)
        try await eventually("bookings again", within: .seconds(10)) {
            try await visitor.book(other, visitor: "kim", key: "again").status == 201
        }
    }

    /// A body may take longer than the deadline, which begins when it is there.
    @Test func aSlowBody() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let exhibition = try await Visitor(process.url("gateway")).register(capacity: 10)
        let body = #"{"museumId":"\#(exhibition)","visitor":"kim"}"#
        let crowd = RawConnections()
        try crowd.join(1, port: process.ports["gateway"]!)
        crowd.say(
            "POST /books HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n",
            to: 0)
        let start = ContinuousClock.now
        try await crowd.turn(until: "the body is late", within: .seconds(10)) { _ in .now - start > .milliseconds(2500) }
        crowd.say(body, to: 0)
        try await crowd.turn(until: "it is answered", within: .seconds(10)) { !$0.members[0].statuses.isEmpty }
        #expect(crowd.members[0].statuses == [201])
    }

    /// Services that take a request and don't answer it, in every way there is.
    @Test func hangingServicesEndInTime() async throws {
        let redis = try await RedisServer.start()
        let silent = try StubServer(.saysThenHangs(""))
        let halfHead = try StubServer(.saysThenHangs("HTTP/1.1 200 OK\r\nContent-Ty"))
        let halfBody = try StubServer(
            .saysThenHangs("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"))
        let trickle = try StubServer(
            .trickles("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + String(repeating: " ", count: 2000)))
        var ports = try MuseumProcess.freePorts()
        ports = ports.filter { $0.key == "gateway" }
        let gateway = try await MuseumProcess.start(
            ["gateway"], ports: ports, redis: redis,
            environment: [
                "MUSEUM_URL": silent.url, "BOOK_URL": halfBody.url, "CONFIRM_URL": halfHead.url, "MYPAGE_URL": trickle.url,
            ])
        let visitor = Visitor(gateway.url("gateway"))
        let deployment = Deployment(
            redis: redis, proxy: try await FaultProxy.open(to: redis.port, seed: 1), processes: [gateway], gateway: visitor)
        let attempts = ["/museums", "/books", "/confirms", "/myPages"].map {
            Attempt(name: $0, visitor: visitor, request: ("GET", $0, nil), limit: .seconds(3))
        }
        let (all, slack) = try await Self.measuringEmptyRequests(deployment, at: ["gateway"]) { try await Self.sendAll(attempts) }
        for (attempt, answer, took) in all {
            print("hanging upstream \(attempt.name):", answer.status, took, "slack", slack)
            #expect(
                answer.status == 504 && answer.problem == "upstream-timeout", "\(attempt.name): \(answer.status) \(answer.text)")
            #expect(took < attempt.limit + .milliseconds(100) + slack, "\(attempt.name): \(took)")
        }
    }

    /// A service whose connections are never taken up, and one that hangs up: the log has a line for each, however many ask.
    @Test func anOutageIsLoggedOnce() async throws {
        let redis = try await RedisServer.start()
        let full = try StubServer(.hangsUp, accepts: false)
        // Its one place in the kernel's queue is taken: a further SYN is not answered.
        let crowd = RawConnections()
        try crowd.join(4, port: full.port)
        let rude = try StubServer(.hangsUp)
        let ports = try MuseumProcess.freePorts().filter { $0.key == "gateway" }
        let gateway = try await MuseumProcess.start(
            ["gateway"], ports: ports, redis: redis, environment: ["MUSEUM_URL": full.url, "BOOK_URL": rude.url])
        let visitor = Visitor(gateway.url("gateway"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let start = ContinuousClock.now
                    let answer = try await visitor.get(number % 2 == 0 ? "/museums" : "/books")
                    #expect(answer.status == 502 && answer.problem == "bad-upstream", "\(answer.text)")
                    #expect(ContinuousClock.now - start < .milliseconds(3100))
                }
            }
            try await group.waitForAll()
        }
        rude.change(.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
        try await eventually("the second is told to be back") {
            try await visitor.get("/books").status == 200 && gateway.printed().contains("upstream recovered")
        }
        let lines = gateway.printed().split(separator: "\n")
        #expect(lines.count { $0.contains("upstream unavailable") } == 2, "\(gateway.printed())")
        #expect(lines.count { $0.contains("upstream recovered") } == 1)
        withExtendedLifetime((crowd, full)) {}
    }
}
