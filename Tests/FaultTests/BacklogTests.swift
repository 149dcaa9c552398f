import Contracts
import NIOCore
import Redis
import Scripts
import TestSupport
import Testing

/// E3: Confirm or MyPage was down and restarts with a long backlog.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct BacklogTests {
    /// The number of events that a release build applies within 15 s; a debug build gets a tenth of it.
    private static let events = MuseumProcess.program.contains("release") ? 100_000 : 10_000

    @Test(arguments: ["confirm", "mypage"])
    func aBacklogIsWorkedOff(_ role: String) async throws {
        let redis = try await RedisServer.start()
        var options = RedisOptions()
        options.commandTimeout = .seconds(30)
        let client = try redis.client(options)
        try await Self.fill(client)
        let end = try await client.send("XREVRANGE", "book:{a}:events", "+", "-", "COUNT", "1").asArray()[0].asArray()[0].asText()

        let service = try await MuseumProcess.start([role], ports: try MuseumProcess.freePorts(), redis: redis)
        let start = ContinuousClock.now
        try await eventually("the backlog is worked off", within: .seconds(60), every: .milliseconds(20)) {
            try await client.send("GET", Keys(partition: "a").progress(of: role, on: "book")) == .text(end)
        }
        let took = ContinuousClock.now - start
        print("E3: \(role) has worked off \(Self.events) events in \(took)")
        #expect(took < .seconds(15), "\(took)")
        let prefix = role == "confirm" ? "confirm:{a}:a1-" : "mypage:{a}:a1-"
        let last = BookingID(exhibition: ExhibitionID("a1")!, bits: UInt64(Self.events / 2 - 1)).text.dropFirst(3)
        #expect(try await client.send("HGET", prefix + last, "status") != .null)
        #expect(try await service.stop() == 0)
    }

    /// Adds bookings through the scripts while no consumer runs.
    private static func fill(_ client: RedisClient) async throws {
        _ = try await client.send("SADD", Keys.partitions, "a")
        let keys = Keys(partition: "a")
        for start in stride(from: 0, to: events / 2, by: 1000) {
            let commands = (start..<min(start + 1000, events / 2)).flatMap { number -> [Command] in
                let id = BookingID(exhibition: ExhibitionID("a1")!, bits: UInt64(number)).text
                return [("Requested", "REQUESTED", "1"), ("RequestCompleted", "REQUEST_COMPLETED", "2")].map {
                    type, status, version in
                    Command(
                        "XADD", keys.events(of: "book"), "*", "eventType", type, "timestamp", "1764000000000", "bookId", id,
                        "museumId", "a1", "visitor", "visitor \(number % 1000)", "seats", "2", "status", status, "version",
                        version,
                        "createdAt", "1764000000000")
                }
            }
            for result in await client.send(commands) { _ = try result.get() }
        }
    }
}
