import Foundation
import Redis
import Scripts
import TestSupport
import Testing

/// purge, forget, rebuild and dead-letters retry run one at a time, and none waits for somebody who is gone.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct MaintenanceTests {
    private let commands: CommandFixture
    private var redis: RedisServer { commands.redis }
    private var client: RedisClient { commands.client }

    init() async throws { commands = try await CommandFixture() }

    private static let kinds = [
        ["purge", "--before", "2021-01-01", "--yes"], ["forget", "kim"], ["rebuild", "mypage"],
        ["dead-letters", "retry", "--all"],
    ]

    /// Somebody who has the lock, and is connected under the name in it.
    private func holder(_ name: String) async throws -> RedisClient {
        var options = RedisOptions()
        options.clientName = name
        let holder = try redis.client(options)
        _ = try await holder.send("SET", Keys.maintenance, "purge museum-1 4711 \(name)")
        return holder
    }

    @Test(arguments: kinds)
    func theSecondWaitsForTheFirst(command: [String]) async throws {
        let holder = try await holder("somebody")
        let child = try commands.begin(command)
        try await eventually("it says for whom it waits") {
            child.printed().contains("waiting for 'purge' (process 4711 on museum-1) to end")
        }
        #expect(child.exitCode() == nil)
        _ = try await holder.send("DEL", Keys.maintenance)
        #expect(try await child.waitForExit() == 0, "\(child.printed())")
        #expect(try await client.send("EXISTS", Keys.maintenance) == .integer(0), "released")
    }

    @Test(arguments: kinds)
    func itDoesNotWaitForEver(command: [String]) async throws {
        let holder = try await holder("somebody")
        let child = try commands.begin(command + ["--lock-wait", "300ms"])
        #expect(try await child.waitForExit() == 1)
        let lines = child.printed().split(separator: "\n")
        let isTold = lines.last?.contains("waited in vain for 'purge' (process 4711 on museum-1)") ?? false
        #expect(lines.count == 2 && isTold, "\(lines)")
        #expect(try await holder.send("GET", Keys.maintenance) == .text("purge museum-1 4711 somebody"), "still the other's")
    }

    /// For longer than one that is gone keeps it.
    @Test func aConnectedHolderKeepsTheLock() async throws {
        let holder = try await holder("somebody")
        let child = try commands.begin(["rebuild", "mypage", "--lock-wait", "5s"])
        #expect(try await child.waitForExit() == 1, "\(child.printed())")
        #expect(try await holder.send("GET", Keys.maintenance) == .text("purge museum-1 4711 somebody"), "still the other's")
    }

    /// Killed, or out of reach for good: nobody is connected under that name.
    @Test func aDisconnectedHolderLosesTheLock() async throws {
        let holder = try await holder("somebody")
        let children = try (0..<3).map { _ in try commands.begin(["rebuild", "mypage"]) }
        try await eventually("all wait") { children.allSatisfy { $0.printed().contains("waiting for 'purge'") } }
        holder.close()
        for child in children { #expect(try await child.waitForExit(within: .seconds(30)) == 0, "\(child.printed())") }
        #expect(try await client.send("EXISTS", Keys.maintenance) == .integer(0))
    }

    @Test func aKilledCommandLosesTheLock() async throws {
        let (waiting, _) = try await waitingPurge()
        waiting.end()
        #expect(try await client.send("EXISTS", Keys.maintenance) == .integer(1), "it had no time to release it")
        let next = try await commands.begin(["rebuild", "mypage"]).waitForExit(within: .seconds(30))
        #expect(next == 0)
    }

    /// Its connections were lost, and somebody else has taken the lock over: two must not go on side by side.
    @Test func aCommandThatLostTheLockEnds() async throws {
        let (waiting, _) = try await waitingPurge()
        _ = try await client.send("SET", Keys.maintenance, "purge museum-1 4711 somebody")
        #expect(try await waiting.waitForExit(within: .seconds(30)) == 1)
        #expect(waiting.printed().contains("does not hold museum:maintenance any more"), "\(waiting.printed())")
        #expect(try await client.send("GET", Keys.maintenance) == .text("purge museum-1 4711 somebody"))
    }

    /// An operator may kill every connection: who holds the lock makes a new one and keeps it, and who waits goes on waiting.
    @Test func lostConnectionsAreNotALostLock() async throws {
        // Where just then a command of the holder's is in flight, its outcome is unknown and the holder ends: another one is
        // tried.
        for _ in 0..<20 {
            let (holder, exhibition) = try await waitingPurge()
            let value = try await client.send("GET", Keys.maintenance)
            let second = try commands.begin(["rebuild", "mypage"])
            try await eventually("the second waits") { second.printed().contains("waiting for 'purge'") }
            func steps() -> Int { holder.printed().split(separator: "\n").count { $0.contains("seats of") } }
            let before = steps()
            _ = try await client.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            var hasEnded = false
            try await eventually("it goes on, or has ended") {
                hasEnded = holder.exitCode() != nil
                return hasEnded || steps() > before
            }
            if !hasEnded {
                #expect(try await client.send("GET", Keys.maintenance) == value)
                #expect(second.exitCode() == nil)
                _ = try await client.send("HSET", "museum:{a}:\(exhibition)", "held", "0", "available", "10")
                #expect(try await holder.waitForExit(within: .seconds(30)) == 0, "\(holder.printed())")
            }
            #expect(try await second.waitForExit(within: .seconds(30)) == 0, "\(second.printed())")
            if !hasEnded { return }
        }
        Issue.record("the holder had a command in flight each time")
    }

    /// A failed command releases the lock as well.
    @Test func aFailureReleasesTheLock() async throws {
        _ = try await client.send("SADD", Keys.partitions, "a")
        _ = try await client.send("HSET", "mypage:{a}:a1-000000000001", "bookVersion", "1", "visitor", "kim")
        #expect(try await commands.begin(["rebuild", "mypage", "--dry-run"]).waitForExit() == 1)
        #expect(try await client.send("EXISTS", Keys.maintenance) == .integer(0))
    }

    /// A purge that waits for seats that nobody revokes.
    private func waitingPurge() async throws -> (ChildProcess, exhibition: String) {
        _ = try await client.send("SADD", Keys.partitions, "a")
        _ = try await client.send(
            "HSET", "museum:{a}:a1", "hall", "A", "date", "2020-01-01", "capacity", "10", "available", "8", "held", "2", "status",
            "DELETED", "version", "2")
        _ = try await client.send("ZADD", "museum:{a}:deleted", "202001010000", "a1")
        let child = try commands.begin(["purge", "--before", "2021-01-01", "--yes"])
        try await eventually("it waits") { child.printed().contains("seats of a1") }
        return (child, "a1")
    }
}
