import Foundation
import HTTPServer
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct OverloadTests {
    /// Redis asleep, and 3,000 who want something of it: each is answered in time, memory is bounded, and it is over at once.
    @Test func aStoppedRedisUnderLoadShedsRequests() async throws {
        _ = OpenFiles.raiseLimit()
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(deployment.url("gateway"))
        let exhibition = try await visitor.register(capacity: 1_000_000)
        #expect(try await visitor.book(exhibition, visitor: "early").status == 201)
        let connections = RawConnections()
        for _ in 0..<30 {
            try connections.join(100, port: deployment.ports["gateway"]!)
            connections.turn()
        }
        try await eventually("all are in") {
            try await deployment.metric(#"skmuseum_http_connections{service="gateway"}"#, of: "gateway") ?? 0 >= 3000
        }
        deployment.runFirst()
        // What 3,000 requests that ask for nothing take on this machine just now: nobody can be answered faster than that.
        let calm = ContinuousClock.now
        connections.sayToAll("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try await connections.turn(until: "all are served", within: .seconds(10)) {
            $0.members.allSatisfy { !$0.received.isEmpty }
        }
        let unburdened = ContinuousClock.now - calm
        for index in connections.members.indices { connections.forget(index) }
        let before = deployment.residentMemory
        redis.signal(SIGSTOP)
        let body = #"{"museumId":"\#(exhibition)","visitor":"kim"}"#
        let booking =
            "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let start = ContinuousClock.now
        connections.sayToAll(booking)
        connections.turn()
        let sent = ContinuousClock.now
        // Who watches is never refused.
        #expect(try await visitor.get("/livez").status == 200)
        try await connections.turn(until: "all are answered", within: .seconds(10)) {
            $0.members.allSatisfy { !$0.received.isEmpty }
        }
        let took = ContinuousClock.now - sent
        let during = deployment.residentMemory
        let shed = try await deployment.metric(#"skmuseum_http_requests_shed_total{service="gateway"}"#, of: "gateway") ?? 0
        var counts: [Int: Int] = [:]
        for member in connections.members { counts[member.statuses.first ?? 0, default: 0] += 1 }
        print(
            "3,000 bookings said in \(sent - start), answered in \(took) (empty ones \(unburdened)): \(counts), shed \(shed); RSS \(before) to \(during) KiB"
        )
        #expect(Set(counts.keys).isSubset(of: [503, 504]))
        #expect(connections.members.allSatisfy { $0.statuses.count == 1 && !$0.isOver })
        #expect(
            connections.members.count { $0.text.contains("/problems/overloaded") && $0.text.contains("Retry-After: 1") }
                == Int(shed))
        #expect(shed > 0)
        #expect(took < .milliseconds(2100) + unburdened)
        #expect(during - before < 200 << 10)

        redis.signal(SIGCONT)
        try await eventually("well again") {
            try await visitor.book(exhibition, visitor: "kim").status == 201
        }
        for index in connections.members.indices { connections.forget(index) }
        connections.sayToAll("GET /museums/\(exhibition) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try await connections.turn(until: "all are answered", within: .seconds(10)) {
            $0.members.allSatisfy { !$0.received.isEmpty }
        }
        #expect(try await deployment.metric(#"skmuseum_http_requests_in_flight{service="gateway"}"#, of: "gateway") == 0)
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }
}
