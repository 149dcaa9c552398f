import FaultInjection
import Foundation
import HTTPServer
import TestSupport
import Testing

/// The deadline of a request when a service behind it hangs.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct HangingServiceTests {
    /// Museum is stopped: what needs it fails in time, the rest works as before.
    @Test func aStoppedMuseumEndsInTime() async throws {
        let deployment = try await ProxiedDeployment.start(fiveProcesses: true)
        let visitor = deployment.gateway
        #expect(try await visitor.register(capacity: 10) == "a1")
        _ = try await visitor.book("a1", visitor: "early")
        // The first may be deleted by a request that Museum receives when it continues.
        let other = try await visitor.register(capacity: 10)
        deployment.process("museum").signal(SIGSTOP)
        let attempts = TimedRequest.everyRoute(of: deployment, fiveProcesses: true).filter {
            !$0.name.hasSuffix("at museum") && $0.name != "reservations"
        }
        for _ in 1...2 {
            let (all, slack) = try await deployment.measuringEmptyRequests(at: ["book", "confirm", "mypage", "gateway"]) {
                try await TimedRequest.sendAll(attempts)
            }
            for (attempt, answer, took) in all {
                #expect(took < attempt.limit + .milliseconds(100) + slack, "\(attempt.name): \(took)")
                if TimedRequest.role(of: attempt.request.path) == "museum" {
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

    /// Services that accept a request and never end the response, in every way there is.
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
        let deployment = ProxiedDeployment(
            redis: redis, proxy: try await FaultProxy.open(to: redis.port, seed: 1), processes: [gateway], gateway: visitor)
        let attempts = ["/museums", "/books", "/confirms", "/myPages"].map {
            TimedRequest(name: $0, visitor: visitor, request: ("GET", $0, nil), limit: .seconds(3))
        }
        let (all, slack) = try await deployment.measuringEmptyRequests(at: ["gateway"]) {
            try await TimedRequest.sendAll(attempts)
        }
        for (attempt, answer, took) in all {
            print("hanging upstream \(attempt.name):", answer.status, took, "slack", slack)
            #expect(
                answer.status == 504 && answer.problem == "upstream-timeout", "\(attempt.name): \(answer.status) \(answer.text)")
            #expect(took < attempt.limit + .milliseconds(100) + slack, "\(attempt.name): \(took)")
        }
    }
}
