import Chassis
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct OverloadTests {
    /// Redis asleep, and 3,000 who want something of it: each is answered in time, memory is bounded, and it is over at once.
    @Test func redisIsAsleepAndThousandsAsk() async throws {
        _ = OpenFiles.raiseLimit()
        let redis = try await RedisServer.start()
        let house = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(house.url("gateway"))
        let exhibition = try await visitor.register(capacity: 1_000_000)
        #expect(try await visitor.book(exhibition, visitor: "early").status == 201)
        let crowd = Crowd()
        for _ in 0..<30 {
            try crowd.join(100, port: house.ports["gateway"]!)
            crowd.turn()
        }
        try await eventually("all are in") {
            try await house.metric("skmuseum_gateway_connections", of: "gateway") ?? 0 >= 3000
        }
        house.runFirst()
        // What 3,000 requests that ask for nothing take on this machine just now: nobody can be answered faster than that.
        let calm = ContinuousClock.now
        crowd.sayToAll("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try await crowd.turn(until: "all are served", within: .seconds(10)) { $0.members.allSatisfy { !$0.heard.isEmpty } }
        let unburdened = ContinuousClock.now - calm
        for index in crowd.members.indices { crowd.forget(index) }
        let before = house.residentMemory
        redis.signal(SIGSTOP)
        let body = #"{"museumId":"\#(exhibition)","visitor":"kim"}"#
        let booking =
            "POST /books HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let start = ContinuousClock.now
        crowd.sayToAll(booking)
        crowd.turn()
        let sent = ContinuousClock.now
        // Who watches is never refused.
        #expect(try await visitor.get("/livez").status == 200)
        try await crowd.turn(until: "all are answered", within: .seconds(10)) { $0.members.allSatisfy { !$0.heard.isEmpty } }
        let took = ContinuousClock.now - sent
        let during = house.residentMemory
        let shed = try await house.metric("skmuseum_gateway_requests_shed_total", of: "gateway") ?? 0
        var counts: [Int: Int] = [:]
        for member in crowd.members { counts[member.statuses.first ?? 0, default: 0] += 1 }
        print(
            "3,000 bookings said in \(sent - start), answered in \(took) (empty ones \(unburdened)): \(counts), shed \(shed); RSS \(before) to \(during) KiB"
        )
        #expect(Set(counts.keys).isSubset(of: [503, 504]))
        #expect(crowd.members.allSatisfy { $0.statuses.count == 1 && !$0.isOver })
        #expect(
            crowd.members.count { $0.text.contains("/problems/overloaded") && $0.text.contains("Retry-After: 1") } == Int(shed))
        #expect(shed > 0)
        #expect(took < .milliseconds(2100) + unburdened)
        #expect(during - before < 200 << 10)

        redis.signal(SIGCONT)
        try await eventually("well again") {
            try await visitor.book(exhibition, visitor: "kim").status == 201
        }
        for index in crowd.members.indices { crowd.forget(index) }
        crowd.sayToAll("GET /museums/\(exhibition) HTTP/1.1\r\nHost: a\r\n\r\n")
        try await crowd.turn(until: "all are answered", within: .seconds(10)) { $0.members.allSatisfy { !$0.heard.isEmpty } }
        #expect(try await house.metric("skmuseum_gateway_requests_in_flight", of: "gateway") == 0)
        let audit = try await house.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }
}
