import Foundation
import NIOCore
import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// The client on servers that are down, stopped or killed, or that kill its connection.
    struct OutageTests {
        private static let timeout = Duration.seconds(2)
        private static let inTime = options(commandTimeout: TimeAmount(timeout))

        private func result(_ client: RedisClient, _ arguments: String...) async -> (
            result: Result<Reply, RedisError>, time: Duration
        ) {
            let watch = Stopwatch()
            let result = await client.send([Command(arguments)])[0]
            return (result, watch.elapsed)
        }

        /// Sends until every connection is back in order: as many good answers in a row as there may be connections.
        private func isBack(_ client: RedisClient) async -> Bool {
            for _ in 0..<ProcessInfo.processInfo.processorCount {
                guard (try? await client.send("PING")) == .text("PONG") else { return false }
            }
            return true
        }

        @Test func aClosedPortIsUnreachable() async throws {
            let port = try FreePorts.take(1)[0]
            let folder = try TemporaryFolder()
            for url in ["redis://127.0.0.1:\(port)", "unix://\(folder.url.path)/nothing.sock"] {
                let client = RedisClient(try RedisEndpoint(url: url), options: Self.inTime)
                for _ in 1...2 {
                    let (result, time) = await result(client, "SET", "k", "v")
                    guard case .failure(.unreachable) = result else { Issue.record("\(result)"); continue }
                    #expect(time < Self.timeout + .milliseconds(700))
                }
            }
        }

        @Test func aClosedPortIsUnreachableForManyCallers() async throws {
            let client = RedisClient(
                try RedisEndpoint(url: "redis://127.0.0.1:\(try FreePorts.take(1)[0])"), options: Self.inTime)
            let watch = Stopwatch()
            let unreachable = await withTaskGroup { group in
                for _ in 0..<500 {
                    group.addTask {
                        if case .failure(.unreachable) = await client.send([Command("PING")])[0] { 1 } else { 0 }
                    }
                }
                return await group.reduce(0) { $0 + $1 }
            }
            #expect(unreachable == 500)
            #expect(watch.elapsed < Self.timeout + .milliseconds(1500))
        }

        @Test func aRestartedServerIsReconnected() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(Self.inTime)
            #expect(try await client.send("SET", "k", "v") == .text("OK"))
            server.kill()
            try await soon("it is noticed", within: .seconds(2)) {
                if case .failure(.unreachable) = await client.send([Command("PING")])[0] { true } else { false }
            }
            try await server.launch()
            try await soon("it works again", within: .seconds(2), with: [server.pid]) { await isBack(client) }
            #expect(try await client.send("GET", "k") == .text("v"))
        }

        @Test func aStoppedServerTimesOut() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(Self.inTime)
            try await eventually("all connections are made") { await isBack(client) }
            server.signal(SIGSTOP)
            let (result, time) = await result(client, "SET", "k", "v")
            server.signal(SIGCONT)
            guard case .failure(.outcomeUnknown) = result else { Issue.record("\(result)"); return }
            #expect(time < Self.timeout + .seconds(1), "\(time)")
            try await soon("it works again", within: .seconds(2), with: [server.pid]) { await isBack(client) }
            // The command with the unknown outcome had been sent.
            #expect(try await client.send("GET", "k") == .text("v"))
        }

        @Test func aServerStoppedForLongIsReconnected() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(Self.inTime)
            try await eventually("all connections are made") { await isBack(client) }
            server.signal(SIGSTOP)
            defer { server.signal(SIGCONT) }
            for _ in 1...3 {
                let (result, time) = await result(client, "PING")
                guard case .failure(let error) = result else { Issue.record("\(result)"); return }
                #expect(error.isTransient && time < Self.timeout + .seconds(1), "\(error) after \(time)")
            }
            server.signal(SIGCONT)
            try await soon("it works again", within: .seconds(2), with: [server.pid]) { await isBack(client) }
        }

        /// The outcome of a command that was not sent is known, even where the outcome of signing in is not.
        @Test func aServerStoppedDuringSignInTimesOut() async throws {
            let server = try await RedisServer.start()
            _ = try await (try server.client()).send("CONFIG", "SET", "requirepass", "hunter2")
            let client = RedisClient(
                try RedisEndpoint(url: "redis://:hunter2@127.0.0.1:\(server.port)"), options: Self.inTime)
            server.signal(SIGSTOP)
            let (result, time) = await result(client, "SET", "k", "v")
            server.signal(SIGCONT)
            guard case .failure(.unreachable) = result else { Issue.record("\(result)"); return }
            #expect(time < Self.timeout + .seconds(1))
            try await soon("it works again", within: .seconds(2), with: [server.pid]) { await isBack(client) }
            #expect(try await client.send("EXISTS", "k") == .integer(0))
        }

        @Test func aKilledConnectionIsReplaced() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(Self.inTime)
            let other = try server.client()
            try await eventually("all connections are made") { await isBack(client) }
            for _ in 1...3 {
                let killed = try await other.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").asInteger()
                #expect(killed >= 1, "the fault has struck")
                try await soon("it works again", within: .seconds(1), with: [server.pid]) { await isBack(client) }
            }
        }

        /// A blocked read on a connection of its own outlives the command's deadline, not its own.
        @Test func blockedReadsWaitLonger() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(Self.inTime)
            let connection = try await client.dedicatedConnection(for: "key")
            defer { connection.close() }
            let start = ContinuousClock.now
            #expect(
                await connection.send([Command("BLPOP", "nothing", "0.8")], blocking: .milliseconds(800)) == [.success(.null)])
            #expect(ContinuousClock.now - start >= .milliseconds(790))
            #expect(try await connection.send("PING") == .text("PONG"))
            await #expect(throws: RedisError.outcomeUnknown("the deadline passed")) {
                try await connection.send([Command("BLPOP", "nothing", "0")], blocking: .milliseconds(100))[0].get()
            }
            let later = await connection.send([Command("PING")])[0]
            guard case .failure(.unreachable) = later else { Issue.record("\(later)"); return }
        }
    }
}
