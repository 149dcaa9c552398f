import Foundation
import NIOCore
import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// A server that accepts and closes is retried with growing pauses, and reconnected within a second after it recovers.
    struct ReconnectTests {
        private static let slots = ProcessInfo.processInfo.processorCount

        /// Asks all the time. In two seconds it must not be tried too often, and before long again.
        private func triesNowAndThen(_ client: RedisClient, _ count: () async throws -> Int) async throws {
            let before = try await count()
            try await asking(client, for: .seconds(2))
            let attempts = try await count() - before
            #expect(attempts <= Self.most, "\(attempts)")
            try await eventually("it is tried again") {
                try await asking(client, for: .milliseconds(100))
                return try await count() - before >= 3
            }
        }

        private func asking(_ client: RedisClient, for time: Duration) async throws {
            let end = ContinuousClock.now + time
            await withTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        while .now < end {
                            let result = await client.send([Command("PING")])[0]
                            guard case .failure(let error) = result, error.isCertainlyNotApplied else {
                                Issue.record("\(result)")
                                return
                            }
                            await Task.yield()
                        }
                    }
                }
            }
        }

        /// Pauses of 20 ms that double up to 0.8 s: seven or eight attempts in two seconds, and each is made on every slot.
        private static let most = 12 * slots

        /// A proxy without a server behind it.
        @Test func aServerThatClosesAtOnceIsRetriedWithPauses() async throws {
            let (greeted, isWell) = (LockedBox(0), LockedBox(false))
            let server = try StubRedisServer { arguments in
                if arguments.first == "CLIENT" { greeted.update { $0 += 1 } }
                return isWell.value
                    ? StubRedisServer.Answer(bytes: "+PONG\r\n") : StubRedisServer.Answer(bytes: "", after: .closes)
            }
            let client = RedisClient(try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)"))
            try await triesNowAndThen(client) { greeted.value }
            isWell.value = true
            try await soon("it is found", within: .seconds(1)) { await isBack(client) }
        }

        /// Greets, and hangs up with the first command.
        @Test func aServerThatClosesAtTheFirstCommandIsRetriedWithPauses() async throws {
            let (greeted, isWell) = (LockedBox(0), LockedBox(false))
            let server = try StubRedisServer { arguments in
                if arguments.first == "CLIENT" { greeted.update { $0 += 1 } }
                let closes = arguments.first == "PING" && !isWell.value
                return StubRedisServer.Answer(bytes: closes ? "" : "+PONG\r\n", after: closes ? .closes : .continues)
            }
            let client = RedisClient(try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)"))
            let end = ContinuousClock.now + .seconds(2)
            while .now < end { _ = await client.send([Command("PING")]) }
            #expect(greeted.value <= Self.most, "\(greeted.value)")
            try await eventually("it is tried again") {
                _ = await client.send([Command("PING")])
                return greeted.value >= 3
            }
            isWell.value = true
            try await soon("it is found", within: .seconds(1)) { await isBack(client) }
        }

        @Test func aServerAtMaxclientsIsRetriedWithPauses() async throws {
            let server = try await RedisServer.start(["--maxclients", "1"])
            let admin = try server.client(patient)
            // The connection that asked whether the server is there may still be closing.
            var free: RedisConnection?
            try await eventually("a connection is free") {
                free = try? await admin.dedicatedConnection(for: "key")
                return free != nil
            }
            let connection = try #require(free)
            let client = RedisClient(try RedisEndpoint(url: server.url))
            try await triesNowAndThen(client) {
                let stats = try await connection.send("INFO", "stats").asText()
                let line = stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("rejected_connections:") }
                return line.flatMap { Int($0.drop { $0 != ":" }.dropFirst()) } ?? 0
            }
            try await eventually("it says why") {
                await client.send([Command("PING")])[0] == .failure(.busy("ERR max number of clients reached"))
            }
            _ = try await connection.send("CONFIG", "SET", "maxclients", "100")
            connection.close()
            try await soon("it is found", within: .seconds(1)) { await isBack(client) }
        }

        private func isBack(_ client: RedisClient) async -> Bool {
            for _ in 0..<Self.slots {
                guard (try? await client.send("PING")) == .text("PONG") else { return false }
            }
            return true
        }
    }
}
