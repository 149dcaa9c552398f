import FaultInjection
import Foundation
import HTTPServer
import TestSupport
import Testing

/// Whatever hangs behind it, a request is answered by its deadline and 100 ms: 2 s, and 3 s where the gateway forwards it.
/// What the machine needs besides, because it is busy, is measured beside it with requests that ask for nothing.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DeadlineTests {
    /// Every route, at every port, while Redis is stopped; twice, since the first finds connections and the second doesn't.
    @Test(arguments: [false, true])
    func redisIsAsleep(fiveProcesses: Bool) async throws {
        let deployment = try await ProxiedDeployment.start(fiveProcesses: fiveProcesses)
        let visitor = deployment.gateway
        #expect(try await visitor.register(capacity: 10) == "a1")
        _ = try await visitor.book("a1", visitor: "early")
        try await eventually("every service knows the partition", within: .seconds(5)) {
            for service in ["books", "confirms", "myPages"] where try await visitor.all(service).isEmpty { return false }
            return true
        }
        deployment.redis.signal(SIGSTOP)
        for round in 1...2 {
            let (all, slack) = try await deployment.measuringEmptyRequests {
                try await TimedRequest.sendAll(TimedRequest.everyRoute(of: deployment, fiveProcesses: fiveProcesses))
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
                "Redis stopped, \(fiveProcesses ? "five processes" : "one"), round \(round): slowest", slowest ?? "", "slack",
                slack)
        }
        deployment.redis.signal(SIGCONT)
        try await eventually("available again", within: .seconds(5)) { try await visitor.get("/museums").status == 200 }
    }

    /// Redis responds, each time 240 ms late, and there are twenty partitions: lists are whole, and everything is in time.
    @Test(arguments: [false, true])
    func redisIsSlow(fiveProcesses: Bool) async throws {
        let deployment = try await ProxiedDeployment.start(fiveProcesses: fiveProcesses, environment: ["PARTITIONS": "20"])
        let visitor = deployment.gateway
        var ids: [String] = []
        while Set(ids.map { $0.prefix(1) }).count < 20 { ids.append(try await visitor.register(capacity: 10)) }
        for id in ids { #expect(try await visitor.book(id, visitor: "kim").status == 201) }
        try await eventually("every service has applied all") {
            for service in ["confirms", "myPages"] where try await visitor.all(service).count < ids.count { return false }
            return true
        }
        deployment.proxy.set(.late(.milliseconds(240)))
        let attempts = TimedRequest.everyRoute(of: deployment, fiveProcesses: fiveProcesses)
        // Lists one after the other, since commands that are late together arrive together.
        let lists = attempts.filter { attempt in
            attempt.request.method == "GET"
                && ["/museums", "/books", "/confirms", "/myPages", "/myPages?visitor=kim"].contains(attempt.request.path)
        }
        let (listed, slack) = try await deployment.measuringEmptyRequests {
            var all: [TimedRequest.Timed] = []
            for attempt in lists { all.append(try await attempt.send()) }
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
        let (all, otherSlack) = try await deployment.measuringEmptyRequests { try await TimedRequest.sendAll(attempts) }
        for (attempt, answer, took) in all {
            #expect(
                took < attempt.limit + .milliseconds(100) + otherSlack, "\(attempt.name): \(took), empty requests \(otherSlack)")
            #expect(answer.status != 500, "\(attempt.name): \(answer.text)")
        }
        #expect(deployment.proxy.counts.delayed > 0)
        deployment.proxy.set(.forwarding)
        try await eventually("settled", within: .seconds(20)) {
            try await deployment.processes[0].run("audit", "--wait", "20s").code == 0
        }
    }
}
