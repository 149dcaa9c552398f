import Chassis
import Foundation
import TestSupport
import Testing

/// Whatever hangs behind it, a request is answered by its deadline and 100 ms: 2 s, at the gateway 3 s.
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

    /// All kinds of requests at once while Redis is asleep; twice, since the first finds connections and the second doesn't.
    @Test(arguments: [false, true])
    func redisIsAsleep(fiveProcesses: Bool) async throws {
        let redis: RedisServer
        let visitor: Visitor
        let keptOpen: any Sendable
        if fiveProcesses {
            let house = try await House.open()
            (redis, visitor, keptOpen) = (house.redis, house.visitor, house)
        } else {
            redis = try await RedisServer.start()
            let house = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
            (visitor, keptOpen) = (Visitor(house.url("gateway")), house)
        }
        defer { withExtendedLifetime(keptOpen) {} }
        #expect(try await visitor.register(capacity: 10) == "a1")
        _ = try await visitor.book("a1", visitor: "early")
        try await eventually("every room has heard of the partition", within: .seconds(5)) {
            for room in ["books", "confirms", "myPages"] where try await visitor.all(room).isEmpty { return false }
            return true
        }
        redis.signal(SIGSTOP)
        let limit = Duration.milliseconds(fiveProcesses ? 3100 : 2100)
        for round in 1...2 {
            let slowest = try await withThrowingTaskGroup(of: (String, Duration).self) { group in
                for request in Self.requests {
                    group.addTask {
                        let start = ContinuousClock.now
                        let answer = try await visitor.send(request.method, request.path, request.body)
                        let took = ContinuousClock.now - start
                        let name = "\(request.method) \(request.path)"
                        #expect([502, 503, 504].contains(answer.status), "\(name): \(answer.status) \(answer.text)")
                        #expect(took < limit, "\(name): \(took)")
                        if answer.problem == "outcome-unknown", request.path == "/books" {
                            #expect(answer.json["bookId"]?.text?.hasPrefix("a1-") == true, "\(answer.text)")
                        }
                        return (name, took)
                    }
                }
                return try await group.reduce(into: ("", Duration.zero)) { if $1.1 > $0.1 { $0 = $1 } }
            }
            print("Redis asleep, \(fiveProcesses ? "five processes" : "one"), round \(round): slowest", slowest)
        }
        redis.signal(SIGCONT)
        try await eventually("well again", within: .seconds(2)) { try await visitor.get("/museums").status == 200 }
    }

    /// Rooms that take a request and don't answer it, in every way there is.
    @Test func roomsThatHang() async throws {
        let redis = try await RedisServer.start()
        let silent = try Listener(.saysThenHangs(""))
        let halfHead = try Listener(.saysThenHangs("HTTP/1.1 200 OK\r\nContent-Ty"))
        let halfBody = try Listener(
            .saysThenHangs("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"))
        let trickle = try Listener(
            .trickles("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + String(repeating: " ", count: 2000)))
        var ports = try MuseumProcess.freePorts()
        ports = ports.filter { $0.key == "gateway" }
        let gateway = try await MuseumProcess.start(
            ["gateway"], ports: ports, redis: redis,
            environment: [
                "MUSEUM_URL": silent.url, "BOOK_URL": halfBody.url, "CONFIRM_URL": halfHead.url, "MYPAGE_URL": trickle.url,
            ])
        let visitor = Visitor(gateway.url("gateway"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for path in ["/museums", "/books", "/confirms", "/myPages"] {
                group.addTask {
                    let start = ContinuousClock.now
                    let answer = try await visitor.get(path)
                    let took = ContinuousClock.now - start
                    print("hanging upstream \(path):", answer.status, took)
                    #expect(
                        answer.status == 504 && answer.problem == "upstream-timeout", "\(path): \(answer.status) \(answer.text)")
                    #expect(took < .milliseconds(3100), "\(path): \(took)")
                }
            }
            try await group.waitForAll()
        }
    }

    /// A room whose connections are never taken up, and one that hangs up: the log has a line for each, however many ask.
    @Test func outagesAreToldOnce() async throws {
        let redis = try await RedisServer.start()
        let full = try Listener(.hangsUp, accepts: false)
        // Its one place in the kernel's queue is taken: a further SYN is not answered.
        let crowd = Crowd()
        try crowd.join(4, port: full.port)
        let rude = try Listener(.hangsUp)
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
            try await visitor.get("/books").status == 200 && gateway.printed().contains("room answers again")
        }
        let lines = gateway.printed().split(separator: "\n")
        #expect(lines.count { $0.contains("room out of reach") } == 2, "\(gateway.printed())")
        #expect(lines.count { $0.contains("room answers again") } == 1)
        withExtendedLifetime((crowd, full)) {}
    }
}
