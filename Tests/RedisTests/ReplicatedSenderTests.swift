import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Redis

extension AllServerTests {
    /// Writes that wait for a replica: what a reply means, and how many share a WAIT.
    struct ReplicatedSenderTests {
        private let logs = CapturedLogs()

        private func sender(
            _ client: RedisClient, waitTimeout: Duration = .seconds(5),
            onFlush: @escaping @Sendable (Duration, Bool) -> Void = { _, _ in }
        ) -> ReplicatedSender {
            ReplicatedSender(
                client, service: "book", commandTimeout: .seconds(5), waitTimeout: waitTimeout, logger: logs.logger,
                onFlush: onFlush)
        }

        @Test func aReplyComesOnceTheReplicaHasTheWrite() async throws {
            let servers = try await ReplicatedRedis.start()
            let (client, copy) = (try servers.primary.client(patient), try servers.replica.client(patient))
            let sender = sender(client)
            let script = Script(name: "set", source: "return redis.call('SET', KEYS[1], ARGV[1])")
            for number in 0..<50 {
                #expect(try await sender.send(Command(script, keys: ["book:{a}:x"], arguments: ["\(number)"])) == .text("OK"))
                #expect(try await copy.send("GET", "book:{a}:x") == .text("\(number)"))
            }
            #expect(try await client.send("GET", "book:{a}:fence") == .text("1"))
        }

        @Test func withoutAReplicaTheOutcomeIsUnknownAndErrorsStayAsTheyAre() async throws {
            let servers = try await ReplicatedRedis.start()
            let client = try servers.primary.client(patient)
            let waits = LockedBox<[Bool]>([])
            let sender = sender(client, waitTimeout: .milliseconds(50)) { _, isConfirmed in
                waits.update { $0.append(isConfirmed) }
            }
            _ = try await sender.send("SET", "book:{a}:x", "text")
            servers.replica.signal(SIGSTOP)
            let results = await sender.send([
                Command("SET", "book:{a}:y", "1"), Command("INCR", "book:{a}:x"), Command("GET", "book:{a}:y"),
            ])
            servers.replica.signal(SIGCONT)
            let unknown = Result<Reply, RedisError>.failure(.outcomeUnknown("no replica has confirmed the write in time"))
            #expect(results[0] == unknown && results[2] == unknown)
            #expect(results[1] == .failure(.server("ERR value is not an integer or out of range")))
            #expect(try await client.send("GET", "book:{a}:y") == .text("1"), "the primary has it all the same")
            try await eventually("the replica is back") {
                await sender.send([Command("SET", "book:{a}:y", "2")])[0] == .success(.text("OK"))
            }
            #expect(waits.value.prefix(2) == [true, false] && waits.value.last == true)
            #expect(logs.times("no replica confirms writes") >= 1 && logs.times("a replica confirms writes again") == 1)
        }

        /// A write of another connection has not reached the replica. A command that finds it and so writes nothing must wait for it.
        /// Redis 8 and Valkey answer WAIT at once where the connection itself has written nothing since.
        @Test func whatWritesNothingWaitsForWhatItHasRead() async throws {
            let servers = try await ReplicatedRedis.start()
            let client = try servers.primary.client(patient)
            let sender = sender(client, waitTimeout: .milliseconds(50))
            _ = try await sender.send("SET", "book:{a}:x", "old")
            servers.replica.signal(SIGSTOP)
            _ = try await client.send("SET", "book:{a}:x", "new")
            let read = await sender.send([Command("GET", "book:{a}:x")])[0]
            servers.replica.signal(SIGCONT)
            #expect(read == .failure(.outcomeUnknown("no replica has confirmed the write in time")))
        }

        /// 64 calls at once need the WAIT of the first, and one for the others, who have come meanwhile.
        @Test func whatComesMeanwhileSharesAWait() async throws {
            let servers = try await ReplicatedRedis.start()
            let client = try servers.primary.client(patient)
            let sender = sender(client)
            _ = try await sender.send("SET", "book:{a}:x", "0")
            servers.replica.signal(SIGSTOP)
            let before = try await client.calls(of: "wait")
            await withTaskGroup { group in
                for number in 0..<64 {
                    group.addTask {
                        #expect(await sender.send([Command("SET", "book:{a}:\(number)", "1")])[0] == .success(.text("OK")))
                    }
                }
                group.addTask {
                    try? await eventually("a WAIT is under way") { try await servers.isAwaited() }
                    servers.replica.signal(SIGCONT)
                }
            }
            let waits = try await client.calls(of: "wait") - before
            #expect((1...16).contains(waits), "\(waits)")
            print("64 writes at once: \(waits) WAIT")
        }

        /// Each flush: the commands, the fence, WAIT. A script that the server does not know goes in a flush of its own again.
        @Test func theFenceComesBehindTheCommandsAndBeforeTheWait() async throws {
            let received = LockedBox<[[String]]>([])
            let server = try StubRedisServer { arguments in
                if arguments[0] != "CLIENT" { received.update { $0.append(arguments) } }
                let bytes =
                    switch arguments[0] {
                    case "EVALSHA": "-NOSCRIPT No matching script\r\n"
                    case "WAIT": ":1\r\n"
                    default: "+OK\r\n"
                    }
                return StubRedisServer.Answer(bytes: bytes)
            }
            let sender = sender(RedisClient(try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)")))
            let script = Script(name: "one", source: "return 1")
            _ = try await sender.send(Command(script, keys: ["museum:{b}:b1"], arguments: []))
            #expect(received.value.map { $0[0] } == ["EVALSHA", "SET", "WAIT", "EVAL", "SET", "WAIT"])
            #expect(received.value[1] == ["SET", "book:{b}:fence", "1"] && received.value[2] == ["WAIT", "1", "5000"])
        }

        @Test func aLostConnectionLeavesTheOutcomeUnknownAndIsMadeAgain() async throws {
            let isWell = LockedBox(false)
            let server = try StubRedisServer { arguments in
                if arguments[0] == "CLIENT" { return StubRedisServer.Answer(bytes: "+OK\r\n") }
                return isWell.value
                    ? StubRedisServer.Answer(bytes: arguments[0] == "WAIT" ? ":1\r\n" : "+OK\r\n")
                    : StubRedisServer.Answer(bytes: "+OK\r\n", after: .closes)
            }
            let sender = sender(RedisClient(try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)")))
            guard case .failure(.outcomeUnknown) = await sender.send([Command("SET", "{a}", "1")])[0] else {
                Issue.record("a write without WAIT counts")
                return
            }
            isWell.value = true
            #expect(await sender.send([Command("SET", "{a}", "1")])[0] == .success(.text("OK")))
        }

        /// Nobody waits for longer than the two timeouts together: what was sent is unknown, what was not is not applied.
        @Test func everyCallEndsInTime() async throws {
            let server = try StubRedisServer { arguments in
                StubRedisServer.Answer(bytes: "+OK\r\n", after: arguments[0] == "CLIENT" ? .continues : .stalls)
            }
            let client = RedisClient(
                try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)"), options: options(commandTimeout: .milliseconds(200)))
            let sender = ReplicatedSender(
                client, service: "book", commandTimeout: .milliseconds(200), waitTimeout: .milliseconds(100), logger: logs.logger)
            let watch = Stopwatch()
            async let first = sender.send([Command("SET", "{a}1", "1")])[0]
            async let others = withTaskGroup(of: Result<Reply, RedisError>.self) { group in
                for number in 0..<32 { group.addTask { await sender.send([Command("SET", "{a}\(number)", "1")])[0] } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let results = [await first] + (await others)
            #expect(watch.elapsed < .milliseconds(450), "\(watch.elapsed)")
            #expect(results.allSatisfy { if case .failure(let error) = $0 { error.isTransient } else { false } }, "\(results)")
            #expect(results.contains { if case .failure(.outcomeUnknown) = $0 { true } else { false } })
        }

        @Test func withoutAServerNothingIsApplied() async throws {
            let server = try await RedisServer.start()
            let sender = ReplicatedSender(
                try server.client(options(commandTimeout: .milliseconds(100))), service: "book",
                commandTimeout: .milliseconds(100),
                waitTimeout: .milliseconds(100), logger: logs.logger)
            server.kill()
            guard case .failure(.unreachable) = await sender.send([Command("SET", "{a}", "1")])[0] else {
                Issue.record("there is no server")
                return
            }
            try await server.launch()
            try await eventually("it is found again") {
                await sender.send([Command("SET", "{a}", "1")])[0]
                    == .failure(.outcomeUnknown("no replica has confirmed the write in time"))
            }
        }

        /// What waits is bounded; what is above it is refused at once.
        @Test func tooMuchIsRefused() async throws {
            let server = try StubRedisServer { arguments in
                StubRedisServer.Answer(bytes: "+OK\r\n", after: arguments[0] == "CLIENT" ? .continues : .stalls)
            }
            let sender = ReplicatedSender(
                RedisClient(
                    try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)"), options: options(commandTimeout: .seconds(2))),
                service: "book", commandTimeout: .seconds(2), waitTimeout: .milliseconds(100), logger: logs.logger)
            let large = String(repeating: "x", count: 1 << 20)
            let results = await withTaskGroup(of: Result<Reply, RedisError>.self) { group in
                for _ in 0..<24 { group.addTask { await sender.send([Command("SET", "{a}", large)])[0] } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let refused = results.count { $0 == .failure(.busy("too many writes wait for a replica")) }
            #expect((1..<24).contains(refused), "\(refused)")
        }

        /// Commands of several hash tags keep their order; a tag above the most takes the place of one that nobody waits for.
        @Test func eachHashTagHasALaneAndTheyAreBounded() async throws {
            let servers = try await ReplicatedRedis.start()
            let client = try servers.primary.client(patient)
            let sender = sender(client)
            let results = await sender.send([
                Command("SET", "{a}", "1"), Command("SET", "book:partitions", "2"), Command("GET", "{a}"), Command("PING"),
                Command("GET", "book:partitions"),
            ])
            #expect(results == ["OK", "OK", "1", "PONG", "2"].map { .success(.text($0)) })
            #expect(try await client.send("EXISTS", "book:{a}:fence", "book:{book:partitions}:fence") == .integer(2))
            for number in 0..<2 * ReplicatedSender.lanesLimit { _ = try await sender.send("SET", "{\(number)}", "1") }
            try await eventually("the others are closed") {
                let clients = try await client.send("CLIENT", "LIST", "TYPE", "normal").asText().split(separator: "\n")
                return clients.count { $0.contains("cmd=wait") } <= ReplicatedSender.lanesLimit
            }
        }
    }
}
