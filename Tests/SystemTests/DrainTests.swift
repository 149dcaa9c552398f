import Foundation
import TestSupport
import Testing

/// What clients notice of a process that is told to stop, and of replicas that are restarted one after another.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DrainTests {
    private static func open(delay: String, roles: [String] = MuseumProcess.allRoles) async throws -> (
        process: MuseumProcess, redis: RedisServer
    ) {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(
            roles, ports: try MuseumProcess.freePorts(), redis: redis, environment: ["DRAIN_DELAY": delay])
        return (process, redis)
    }

    /// During the delay every port accepts and serves, `readyz` is 503 at once, and each response closes its connection.
    @Test func portsAcceptDuringTheDelay() async throws {
        let (process, redis) = try await Self.open(delay: "3s")
        defer { withExtendedLifetime(redis) {} }
        let visitor = Visitor(process.url("gateway"))
        let exhibition = try await visitor.register(capacity: 100)
        #expect(try await visitor.get("/museums").header("Connection") == nil)
        let idle = RawConnections()
        try idle.join(1, port: process.ports["gateway"]!)
        idle.sayToAll("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try await idle.turn(until: "a connection is kept open", within: .seconds(10)) { $0.members[0].statuses == [200] }

        let start = ContinuousClock.now
        process.signal(SIGTERM)
        try await eventually("readyz is 503", within: .seconds(1)) { try await visitor.get("/readyz").status == 503 }
        for role in process.roles {
            let answer = try await Visitor(process.url(role)).get("/readyz")
            #expect(answer.status == 503 && answer.header("Connection") == "close", "\(role)")
        }
        // Whoever is still sent here by a balancer is served.
        var number = 0
        while .now < start + .milliseconds(2500) {
            number += 1
            let booking = try await visitor.book(exhibition, visitor: "kim \(number)")
            #expect(booking.status == 201 && booking.header("Connection") == "close")
            let list = try await visitor.get("/museums")
            #expect(list.status == 200 && list.header("Connection") == "close")
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(number > 5)
        // The connection that was idle is told, too, when it is used; both of these requests arrive before the response.
        idle.sayToAll("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try await idle.turn(until: "it is closed after its response", within: .seconds(2)) { $0.members[0].isOver }
        #expect(idle.members[0].statuses.count >= 2 && idle.members[0].text.contains("Connection: close"))
        #expect(try await process.waitForExit() == 0)
        let took = ContinuousClock.now - start
        #expect(took >= .seconds(3) && took < .seconds(5), "\(took)")
    }

    /// A request whose body is still arriving when the port closes is answered, and its connection closed.
    @Test func requestsInFlightAreAnswered() async throws {
        let (process, redis) = try await Self.open(delay: "0s")
        defer { withExtendedLifetime(redis) {} }
        let exhibition = try await Visitor(process.url("gateway")).register(capacity: 100)
        let body = #"{"museumId":"\#(exhibition)","visitor":"kim"}"#
        let head =
            "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n"
        let client = RawConnections()
        try client.join(2, port: process.ports["gateway"]!)
        client.say(head + body.prefix(10), to: 0)
        client.say("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", to: 1)
        try await client.turn(until: "one waits for its body, the other is idle", within: .seconds(10)) {
            $0.members[1].statuses == [200]
        }
        process.signal(SIGTERM)
        try await client.turn(until: "the idle one is closed", within: .seconds(1)) { $0.members[1].isOver }
        client.say(String(body.dropFirst(10)), to: 0)
        try await client.turn(until: "the other is answered, and closed", within: .seconds(10)) { $0.members[0].isOver }
        #expect(client.members[0].statuses == [201], "\(client.members[0].text)")
        #expect(client.members[0].text.contains("Connection: close") && !client.members[0].isReset)
        #expect(try await process.waitForExit() == 0)
    }

    /// Connections that are being set up while the port closes do not end the process.
    @Test func connectionsThatArriveAsThePortCloses() async throws {
        let (process, redis) = try await Self.open(delay: "0s", roles: ["gateway"])
        defer { withExtendedLifetime(redis) {} }
        let port = process.ports["gateway"]!
        for round in 1...8 {
            if round > 1 { try await process.launch() }
            let isOver = LockedBox(false)
            let clients = Task {
                await withTaskGroup { group in
                    for _ in 0..<4 {
                        group.addTask {
                            while !isOver.value {
                                let connections = RawConnections()
                                try? connections.join(8, port: port)
                                connections.sayToAll("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
                                connections.turn()
                                try? await Task.sleep(for: .milliseconds(1))
                            }
                        }
                    }
                }
            }
            try await Task.sleep(for: .milliseconds(100))
            process.signal(SIGTERM)
            #expect(try await process.waitForExit() == 0, "round \(round)")
            isOver.value = true
            await clients.value
        }
    }

    /// A second signal ends the delay.
    @Test func aSecondSignalEndsTheDelay() async throws {
        let (process, redis) = try await Self.open(delay: "60s", roles: ["gateway"])
        defer { withExtendedLifetime(redis) {} }
        let visitor = Visitor(process.url("gateway"))
        process.signal(SIGTERM)
        try await eventually("readyz is 503") { try await visitor.get("/readyz").status == 503 }
        try await Task.sleep(for: .milliseconds(200))
        #expect(process.isRunning)
        process.signal(SIGTERM)
        #expect(try await process.waitForExit() == 0)
    }
}
