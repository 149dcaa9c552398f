import Foundation
import HTTPServer
import TestSupport
import Testing

/// Clients who take their time, and many of them. Figures are printed, so that a run can be read.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SlowClientTests {
    /// Each kind of slow client, alone: what response it gets, and when it is disconnected.
    @Test func aSlowClientGetsAResponseAndIsClosed() async throws {
        _ = OpenFiles.raiseLimit()
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let port = deployment.ports["gateway"]!
        let connections = RawConnections()
        try connections.join(5, port: port)
        let start = ContinuousClock.now
        // 0 says nothing. 1 trickles a head, 2 a body. 3 trickles the head of a second request. 4 idles between two.
        connections.say(
            "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n", to: 2)
        connections.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", to: 3)
        connections.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", to: 4)
        var ends: [Int: Duration] = [:]
        var ticks = 0
        let head = Array("GET /museums HTTP/1.1\r\nHost: localhost\r\nX-Long: ".utf8)
        // Two seconds later at most, and what the machine was late in turning to them.
        var (last, latest) = (start, Duration.zero)
        try await eventually("the slow are gone", within: .seconds(40), every: .milliseconds(100)) {
            latest = max(latest, .now - last)
            last = .now
            for index in [1, 3] { connections.say(ticks < head.count ? [head[ticks]] : [UInt8(ascii: "x")], to: index) }
            if ticks % 20 == 10 { connections.say(" ", to: 2) }
            ticks += 1
            connections.turn()
            for index in 0..<4 where connections.members[index].isOver && ends[index] == nil {
                ends[index] = ContinuousClock.now - start
            }
            return ends.count == 4
        }
        print("closed after", ends.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })
        for index in 0..<4 {
            let member = connections.members[index]
            #expect(member.statuses.last == 408 && member.text.contains("/problems/request-timeout"), "\(index): \(member.text)")
            let end = try #require(ends[index])
            #expect(end > .seconds(9) && end < .seconds(12) + latest * 2, "\(index)")
        }
        #expect(connections.members[3].statuses == [200, 408])
        // Idling between requests is not slowness.
        #expect(!connections.members[4].isOver)
        connections.forget(4)
        connections.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", to: 4)
        try await connections.turn(until: "the idle one is served", within: .seconds(20)) { $0.members[4].statuses == [200] }
    }

    /// 2,000 of them: memory stays bounded and others notice nothing.
    @Test func manySlowClients() async throws {
        _ = OpenFiles.raiseLimit()
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let port = deployment.ports["gateway"]!
        let visitor = Visitor(deployment.url("gateway"))
        let long = String(repeating: "x", count: 100)
        for _ in 0..<200 { _ = try await visitor.register(capacity: 1000, hall: long, title: long) }
        let exhibition = try await visitor.register(capacity: 100_000)
        let calm = try await Self.latencies(visitor, exhibition)
        let before = deployment.residentMemory

        let connections = RawConnections()
        // In groups: a SYN that finds the queue full comes again after a second at the earliest.
        for group in 1...10 {
            try connections.join(group < 10 ? 220 : 20, port: port, receiveBuffer: group < 10 ? nil : 4096)
            try await eventually("all are in", within: .seconds(30)) {
                try await deployment.metric(#"skmuseum_http_connections{service="gateway"}"#, of: "gateway") ?? 0
                    >= Double(connections.members.count)
            }
        }
        let pages = String(repeating: "GET /museums?size=200 HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 20)
        for index in 0..<2000 {
            switch index {
            case ..<1000: connections.say("GET /museums HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", to: index)
            case ..<1980:
                connections.say(
                    "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 16000\r\n\r\n{",
                    to: index)
            default:
                connections.stopReading(index)
                connections.say(pages, to: index)
            }
        }
        connections.turn()
        let entered = ContinuousClock.now
        // Those who don't read have received as many responses as the buffers hold.
        try await eventually("the answers stand still", within: .seconds(30)) {
            connections.turn()
            return try await deployment.metric(#"skmuseum_http_requests_in_flight{service="gateway"}"#, of: "gateway") ?? 9 < 3
        }
        print("all in, answers at a standstill after", ContinuousClock.now - entered)
        let meanwhile = try await Self.latencies(visitor, exhibition)
        let during = deployment.residentMemory
        #expect(try await deployment.metric(#"skmuseum_http_requests_shed_total{service="gateway"}"#, of: "gateway") ?? 0 == 0)
        // Slow heads and bodies go after ten seconds; who doesn't read, ten seconds after the answers stood still.
        try await eventually("the slow are gone", within: .seconds(25), every: .milliseconds(100)) {
            connections.turn()
            return try await deployment.metric(#"skmuseum_http_connections{service="gateway"}"#, of: "gateway") ?? 2000 < 20
        }
        let after = deployment.residentMemory
        print(
            "RSS before \(before), with 2,000 slow clients \(during), after \(after) KiB; p50, max: calm \(calm), meanwhile \(meanwhile)"
        )
        #expect(during - before < 300 << 10)
        #expect(meanwhile.median < max(calm.median * 4, .milliseconds(50)) && meanwhile.worst < max(calm.worst * 4, .seconds(1)))
    }

    private static func latencies(_ visitor: Visitor, _ exhibition: String) async throws -> (median: Duration, worst: Duration) {
        var all: [Duration] = []
        for number in 0..<200 {
            let start = ContinuousClock.now
            let answer = try await visitor.book(exhibition, visitor: "calm \(number)")
            #expect(answer.status == 201)
            all.append(ContinuousClock.now - start)
        }
        all.sort()
        return (all[all.count / 2], all[all.count - 1])
    }

    /// Whatever is thrown at it at once, in large amounts.
    @Test func bombs() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let port = deployment.ports["gateway"]!
        let before = deployment.residentMemory
        let mebibyte = String(repeating: "x", count: 1 << 20)
        let deep = String(repeating: #"{"a":["#, count: 2500)
        func post(_ body: String) -> String {
            "POST /museums HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        let bombs: [(name: String, bomb: String, status: Int, answers: Int)] = [
            ("one long header", "GET / HTTP/1.1\r\nHost: localhost\r\nX: \(mebibyte)", 431, 1),
            ("many headers", "GET / HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "X: y\r\n", count: 100_000), 431, 1),
            ("a long target", "GET /\(mebibyte) HTTP/1.1\r\nHost: localhost\r\n\r\n", 431, 1),
            ("a large body", post(mebibyte), 413, 1),
            (
                "many chunks",
                "POST /museums HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(repeating: "1\r\nx\r\n", count: 40_000), 413, 1
            ),
            (
                "a body nobody asked for",
                "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n\(mebibyte)",
                404, 2
            ),
            ("deep JSON", post(deep), 400, 1),
            ("garbage, pipelined", String(repeating: post("{]"), count: 200), 400, 200),
            (
                "trailers",
                "POST /museums HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
                    + String(repeating: "X: \(String(repeating: "y", count: 1000))\r\n", count: 1000), 415, 1
            ),
        ]
        for (name, bomb, status, answers) in bombs {
            let connections = RawConnections()
            try connections.join(10, port: port)
            connections.sayToAll(bomb)
            let start = ContinuousClock.now
            try await connections.turn(until: "\(name) is answered", within: .seconds(12)) {
                $0.members.allSatisfy { $0.isOver || $0.statuses.count >= answers }
            }
            print("10 times \(name):", ContinuousClock.now - start, "RSS", deployment.residentMemory, "KiB")
            for member in connections.members {
                #expect(member.statuses.first == status || member.isReset, "\(name): \(member.text.prefix(300))")
                #expect(!member.statuses.contains { $0 >= 500 }, "\(name)")
            }
            #expect(connections.members.contains { $0.statuses.first == status }, "\(name)")
            #expect(try await Visitor(deployment.url("gateway")).get("/").status == 200)
        }
        #expect(deployment.residentMemory - before < 150 << 10)
    }
}
