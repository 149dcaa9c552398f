import Contracts
import Foundation
import Redis
import TestSupport
import Testing

/// An event that kills its process, and processes that die of other things.
@Suite(.timeLimit(.minutes(5)))
struct PoisonTests {
    private static let stream = "book:{a}:events"

    private static func event(_ exhibition: Int, _ number: Int) -> [String] {
        let id = BookingID(exhibition: ExhibitionID(partition: "a", number: exhibition), bits: UInt64(number)).text
        return [
            "XADD", stream, "*", "eventType", "RequestCompleted", "timestamp", "1", "bookId", id, "museumId", "a\(exhibition)",
            "visitor", "kim", "seats", "1", "status", "REQUEST_COMPLETED", "version", "2", "createdAt", "1",
        ]
    }

    @Test func anEventThatKillsFiveProcessesIsDeadLetteredAlone() async throws {
        let guarded = try await GuardedRedis.start()
        let client = try guarded.server.client()
        _ = try await client.send("SADD", "museum:partitions", "a")
        _ = try await client.send("XGROUP", "CREATE", Self.stream, "confirm", "0", "MKSTREAM")
        for number in 1...3 { _ = try await client.send(Command(Self.event(1, number))) }
        let fatal = try await client.send(Command(Self.event(2, 1))).asText()
        for number in 4...6 { _ = try await client.send(Command(Self.event(1, number))) }
        // The first process died while it applied a batch.
        let name = "confirm-killed"
        _ = try await client.send("XREADGROUP", "GROUP", "confirm", name, "STREAMS", Self.stream, ">")
        for number in 7...9 { _ = try await client.send(Command(Self.event(1, number))) }

        // Without the right to a2's admissions Confirm hangs on that one event, so that the process is killed while it processes that event singly.
        let kept = ["a1*", "index", "events", "dead", "attempts", "purged", "progress:*"].map { "~confirm:{a}:\($0)" }
        _ = try await client.send(
            Command(
                ["ACL", "SETUSER", "confirm", "resetkeys"] + kept + [
                    "%R~book:*:events", "%R~museum:partitions", "%R~mypage:*:progress:confirm",
                ]))
        let ports = try MuseumProcess.freePorts()
        var process: MuseumProcess?
        for death in 1...5 {
            let environment = ["REDIS_URL": guarded.url(of: "confirm"), "INSTANCE_ID": "killed"]
            process = try await MuseumProcess.start(["confirm"], ports: ports, redis: guarded.server, environment: environment)
            try await eventually("the event is processed singly", within: .seconds(10)) {
                try await client.send("HGETALL", "confirm:{a}:attempts") == .array([.text("book:\(fatal)"), .text("\(death)")])
            }
            #expect(try await client.send("XLEN", "confirm:{a}:dead") == .integer(0))
            process?.kill()
        }
        try await process?.launch()
        try await eventually("everything before and behind it is applied") {
            let pending = try await client.send("XPENDING", Self.stream, "confirm").asArray()[0]
            let applied = try await client.send("XLEN", "confirm:{a}:events")
            return pending == .integer(0) && applied == .integer(9)
        }
        let letter = try await client.send("XRANGE", "confirm:{a}:dead", "-", "+").asArray()
        #expect(letter.count == 1)
        let fields = try letter[0].asArray()[1].asFields()
        #expect(
            fields["eventId"] == fatal && fields["reason"] == "the process ended while applying it" && fields["attempts"] == "5")
        #expect(try await client.send("EXISTS", "confirm:{a}:attempts") == .integer(0))

        // Mended, it is applied after all.
        let environment = ["REDIS_URL": guarded.url(of: "operator")]
        let desk = try await MuseumProcess.start(
            ["gateway"], ports: try MuseumProcess.freePorts(), redis: guarded.server, environment: environment)
        let retry = try await desk.run("dead-letters", "retry", "--all")
        #expect(retry.code == 0, "\(retry.output)")
        #expect(try await client.send("XLEN", "confirm:{a}:events") == .integer(10))
    }

    @Test func restartsAndOutagesUnderLoadDeadLetterNothing() async throws {
        let redis = try await RedisServer.start()
        let client = try redis.client()
        _ = try await client.send("SADD", "museum:partitions", "a")
        // A large batch from before: the blows come so fast that most of it is pending through all of them.
        let backlog = 600
        func command(_ number: Int) -> Command {
            Command(["XADD", Self.stream, "\(number)-0"] + Self.event(1, number).dropFirst(3))
        }
        for result in await client.send((1...backlog).map(command)) { _ = try result.get() }
        _ = try await client.send("XGROUP", "CREATE", Self.stream, "confirm", "0")
        _ = try await client.send(
            "XREADGROUP", "GROUP", "confirm", "confirm-one", "COUNT", String(backlog), "STREAMS", Self.stream, ">")
        let confirm = try await MuseumProcess.start(
            ["confirm"], ports: try MuseumProcess.freePorts(), redis: redis, environment: ["INSTANCE_ID": "one"])
        let written = LockedBox(backlog)
        let isDone = LockedBox(false)
        func applied() async throws -> Int { try await client.send("XLEN", "confirm:{a}:events").asInteger() }
        let strikes = LockedBox(0)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask {
                // Sent again until it is certainly written.
                let writer = try redis.client()
                while !isDone.value {
                    let number = written.value + 1
                    let results = await writer.send([command(number)])
                    if case .failure(.server) = results[0] { written.value = number }
                    if case .success = results[0] { written.value = number }
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
            do {
                for round in 0..<50 {
                    let before = try await applied()
                    try await eventually("events are being applied") { try await applied() > before + 5 }
                    let isKill = round.isMultiple(of: 2)
                    if isKill {
                        confirm.kill()
                    } else {
                        // The test's own connections are on the unix socket.
                        let cut = try await client.send("CLIENT", "KILL", "LADDR", "127.0.0.1:\(redis.port)").asInteger()
                        #expect(cut > 0)
                    }
                    let pending = try await client.send("XPENDING", Self.stream, "confirm").asArray()[0].asInteger()
                    if pending > 0 { strikes.value += 1 }
                    if isKill { try await confirm.launch() }
                }
            } catch {
                isDone.value = true
                throw error
            }
            isDone.value = true
            try await tasks.waitForAll()
        }
        try await eventually("all is applied", within: .seconds(30)) { try await applied() == written.value }
        #expect(strikes.value > 40, "the blows struck amid batches: \(strikes.value)")
        #expect(try await client.send("XLEN", "confirm:{a}:dead") == .integer(0))
        try await eventually("nothing is counted any more") {
            try await client.send("EXISTS", "confirm:{a}:attempts") == .integer(0)
        }
    }
}
