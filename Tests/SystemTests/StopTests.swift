import Redis
import TestSupport
import Testing

/// How soon a process that has nothing to do is gone.
@Suite(.timeLimit(.minutes(5)))
struct StopTests {
    private static let roleSets = [MuseumProcess.allRoles] + MuseumProcess.allRoles.map { [$0] }

    /// Three times, and the fastest counts: what takes a second by design takes it every time, on a busy machine, too.
    @Test(arguments: roleSets)
    func anIdleProcessIsGoneWithinASecond(roles: [String]) async throws {
        let redis = try await RedisServer.start()
        let client = try redis.client()
        _ = try await client.send("SADD", "museum:partitions", "a", "b")
        let ports = try MuseumProcess.freePorts()
        var times: [Duration] = []
        for _ in 0..<3 {
            let process = try await MuseumProcess.start(roles, ports: ports, redis: redis)
            // The connections stay open in the visitors' client.
            for role in roles { #expect(try await Visitor(process.url(role)).get("/livez").status == 200) }
            let consumers = roles.contains("gateway") ? roles.count - 1 : roles.count
            try await eventually("all consumers wait for events") {
                let list = try await client.send("CLIENT", "LIST").asText()
                return list.split(separator: "\n").count { $0.contains("cmd=xreadgroup") } == 2 * consumers
            }
            let start = ContinuousClock.now
            #expect(try await process.stop() == 0)
            times.append(.now - start)
        }
        let fastest = try #require(times.min())
        #expect(fastest < .seconds(1), "\(times)")
        print("stopping \(roles.joined(separator: ",")): \(times)")
        let subscribers = ["museum": ["book", "mypage"], "book": ["museum", "confirm", "mypage"], "confirm": ["mypage"]]
        for (stream, groups) in subscribers {
            for group in groups where roles.contains(group) {
                let consumers = try await client.send("XINFO", "CONSUMERS", "\(stream):{a}:events", group)
                #expect(consumers == .array([]), "\(group) has left")
            }
        }
    }
}
