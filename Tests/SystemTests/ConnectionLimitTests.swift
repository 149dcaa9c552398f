import Foundation
import HTTPServer
import TestSupport
import Testing

/// How many may come in, and that they are counted exactly.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ConnectionLimitTests {
    @Test func connectionsAreCountedExactly() async throws {
        _ = OpenFiles.raiseLimit()
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(["museum"], ports: try MuseumProcess.freePorts(), redis: redis)
        let port = deployment.ports["museum"]!
        for round in 0..<4 {
            let connections = RawConnections()
            try connections.join(700, port: port)
            for index in 0..<700 {
                switch (index + round) % 7 {
                case 0: connections.leave(index, reset: true)
                case 1: connections.leave(index)
                case 2: connections.say("GET /museums HTTP/1.1\r\nHost: localhost\r\n\r\n", to: index)
                case 3: connections.say("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", to: index)
                case 4: connections.say("nonsense\r\n\r\n", to: index)
                case 5: connections.say("POST /museums HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{", to: index)
                default: connections.say("GET /livez HT", to: index)
                }
            }
            try await connections.turn(until: "they are answered", within: .seconds(20)) { connections in
                connections.members.indices.allSatisfy {
                    ![2, 3, 4].contains(($0 + round) % 7) || !connections.members[$0].received.isEmpty
                }
            }
            #expect(try await deployment.metric(#"skmuseum_http_connections{service="museum"}"#, of: "museum") ?? 0 >= 300)
            for index in 0..<700 { connections.leave(index, reset: index % 2 == round % 2) }
        }
        // The one that asks is there itself, and readiness was asked for before over others of its pool.
        try await eventually("nobody is left", within: .seconds(20)) {
            let answer = try await RawExchange.run(
                Array("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8), port: port)
            let line = answer.text.split(separator: "\n").first { $0.hasPrefix(#"skmuseum_http_connections{service="museum"} "#) }
            return ["1.0", "2.0"].contains(line?.split(separator: " ").last.map { $0.trimmingCharacters(in: .whitespaces) })
        }
        #expect(try await deployment.metric(#"skmuseum_http_requests_in_flight{service="museum"}"#, of: "museum") == 0)
    }

    @Test func tooManyFromOneAddress() async throws {
        try #require(OpenFiles.raiseLimit() >= 10_000)
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(["museum"], ports: try MuseumProcess.freePorts(), redis: redis)
        let port = deployment.ports["museum"]!
        let connections = RawConnections()
        for number in 1...41 {
            try connections.join(100, port: port)
            // More than the kernel's queue takes would not reach the server at all.
            try await connections.turn(until: "they are in", within: .seconds(20)) { _ in
                try await deployment.metric(#"skmuseum_http_connections{service="museum"}"#, of: "museum") ?? 0
                    >= Double(min(number * 100, 4090))
            }
        }
        // 4,096 less the tests' own one or two.
        try await connections.turn(until: "some are turned away", within: .seconds(20)) {
            $0.members.contains { $0.statuses == [503] }
        }
        let refused = connections.members.filter { !$0.received.isEmpty || $0.isOver }
        #expect(refused.count <= 8)
        for member in refused {
            #expect(member.isOver && member.statuses == [503], "\(member.text)")
            #expect(member.text.contains("/problems/overloaded") && member.text.contains("Retry-After: 1"), "\(member.text)")
        }
        // Who is inside is served, and one who leaves makes service.
        connections.say("GET /museums HTTP/1.1\r\nHost: localhost\r\n\r\n", to: 0)
        try await connections.turn(until: "who is inside is served", within: .seconds(20)) { $0.members[0].statuses == [200] }
        for index in 0..<10 { connections.leave(index) }
        try await eventually("connections are accepted again", within: .seconds(20)) {
            try await RawExchange.run(Array("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), port: port).statuses == [200]
        }
    }
}
