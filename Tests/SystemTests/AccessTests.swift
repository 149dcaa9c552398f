import Foundation
import HTTPServer
import Messaging
import Redis
import TestSupport
import Testing

/// Each role as its own Redis user: it writes its own keys, reads and acknowledges what it subscribes to, and nothing else.
@Suite(.timeLimit(.minutes(3)))
struct AccessTests {
    @Test func rolesNeedNoMoreThanTheirUsersMay() async throws {
        let guarded = try await GuardedRedis.start(["--stream-node-max-entries", "1"])
        let redis = guarded.server
        let ports = try MuseumProcess.freePorts()
        var deployments: [String: MuseumProcess] = [:]
        for role in MuseumProcess.allRoles {
            deployments[role] = try await MuseumProcess.start(
                [role], ports: ports, redis: redis, environment: ["REDIS_URL": guarded.url(of: role), "EVENT_RETENTION": "0s"])
        }
        let client = try redis.client()
        let visitor = Visitor("http://127.0.0.1:\(ports["gateway"]!)")
        let exhibition = try await visitor.register(capacity: 50)
        var ids: [String] = []
        for number in 0..<20 {
            ids.append(try #require(try await visitor.book(exhibition, visitor: "visitor \(number)").json["id"]?.text))
        }
        for _ in 1...2 {
            let keyed = try await visitor.send(
                "POST", "/museums", #"{"hall":"A hall","date":"2099-12-24","capacity":5}"#, headers: ["Idempotency-Key": "one"])
            #expect(keyed.status == 201)
            #expect(try await visitor.book(exhibition, visitor: "kim", key: "one").status == 201)
        }
        let group = try #require(try await visitor.book(exhibition, visitor: "group", seats: 3).json["id"]?.text)
        #expect(try await visitor.send("PATCH", "/books/\(group)", #"{"seats":2}"#).status == 200)
        let file = "hall,date,capacity\nA,2099-12-24,5\nB,2099-12-24,5\n"
        for _ in 1...2 {
            let headers = ["Content-Type": "text/csv", "Idempotency-Key": "file"]
            #expect(try await visitor.send("POST", "/museums", file, headers: headers).status == 201)
        }
        for path in ["/books", "/confirms", "/myPages?date=2099-12-24"] {
            try await eventually("the last booking is in \(path)") {
                try await visitor.get(path, headers: ["Accept": "text/csv"]).text.contains("visitor 19")
            }
        }
        for id in ids.prefix(5) { #expect(try await visitor.delete("/books/\(id)").status == 200) }
        #expect(try await visitor.send("PATCH", "/museums/\(exhibition)", #"{"capacity":60}"#).status == 200)
        for relation in ["museums", "books", "confirms", "myPages"] { _ = try await visitor.all(relation) }
        _ = try await client.send("XGROUP", "DESTROY", "book:{a}:events", "confirm")
        _ = try await client.send("XADD", "book:{a}:events", "*", "eventType", "Nonsense")
        deployments["confirm"]?.kill()
        try await deployments["confirm"]?.launch()
        #expect(try await visitor.delete("/museums/\(exhibition)").status == 202)
        let desk = try CommandFixture(guarded)
        let settled = try await desk.run("audit", "--wait", "20s")
        #expect(settled.code == 0, "\(settled.output)")
        // Starting anew they trim their streams, and apply the dead letters that they understand by now.
        _ = try await client.send(
            "XADD", "confirm:{a}:dead", "*", "eventId", "1-0", "service", "book", "reason", "unknown event type Aborted",
            "attempts",
            "1",
            "eventType", "Aborted", "timestamp", "1", "bookId", ids[0], "museumId", exhibition, "visitor", "v", "seats", "1",
            "status",
            "ABORTED", "version", "1", "createdAt", "1")
        for role in MuseumProcess.allRoles {
            #expect(try await deployments[role]?.stop() == 0)
            try await deployments[role]?.launch()
        }
        for service in ["museum", "book", "confirm"] {
            try await eventually("\(service)'s stream is trimmed") {
                try await client.send("XLEN", "\(service):{a}:events") == .integer(1)
            }
        }
        try await eventually("the dead letter is applied") { try await client.send("XLEN", "confirm:{a}:dead") == .integer(1) }
        let audit = try await desk.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
        for role in MuseumProcess.allRoles { #expect(try await deployments[role]?.stop() == 0) }
        let denied = try await client.send("ACL", "LOG")
        #expect(denied == .array([]), "\(denied)")
    }

    @Test(arguments: ["museum", "book", "confirm", "mypage", "gateway"])
    func noRoleUsesKeysOfAnotherService(role: String) async throws {
        let guarded = try await GuardedRedis.start()
        defer { withExtendedLifetime(guarded) {} }
        let client = RedisClient(try RedisEndpoint(url: guarded.url(of: role)))
        let services = ["museum", "book", "confirm", "mypage"].filter { $0 != role }
        var forbidden = [
            ["KEYS", "*"], ["FLUSHALL"], ["CONFIG", "GET", "dir"], ["SHUTDOWN"], ["ACL", "LIST"],
            ["CLIENT", "KILL", "TYPE", "normal"],
        ]
        for service in services {
            forbidden += [
                ["XADD", "\(service):{a}:events", "*", "a", "b"], ["HSET", "\(service):{a}:a1", "a", "b"],
                ["HGETALL", "\(service):{a}:a1"],
                ["GET", "\(service):secret"], ["HGETALL", "\(service):{a}:keys"],
                ["SET", "\(service):{a}:progress:\(role)", "0-0"], ["GET", "\(service):{a}:sequence"],
                ["DEL", "\(service):{a}:events"], ["XTRIM", "\(service):{a}:events", "MAXLEN", "0"],
                ["EVAL", "return redis.call('XADD', KEYS[1], '*', 'a', 'b')", "1", "\(service):{a}:events"],
            ]
        }
        for words in forbidden {
            switch await client.send([Command(words)])[0] {
            case .failure(.refused(let message)): #expect(message.hasPrefix("NOPERM"))
            case .failure(.outcomeUnknown(let message)):
                // Redis 7.0, or newer servers and Valkey.
                #expect(message.hasPrefix("ERR The user executing the script") || message.hasPrefix("ERR ACL failure in script"))
            case let result: Issue.record("\(role) may \(words): \(result)")
            }
        }
    }

    /// Redis loads the append-only file as the default user. Without rights of that user it skips every script's writes, which
    /// are transactions in the file.
    @Test func scriptsWritesSurviveARestartWithTheUsersAsTheyAre() async throws {
        let options = ["--aclfile", GuardedRedis.users.path]
        let server = try await RedisServer.start(options)
        func client(_ user: String) throws -> RedisClient {
            RedisClient(try RedisEndpoint(url: "redis://\(user):\(user)@127.0.0.1:\(server.port)"))
        }
        let script = Script(name: "two", source: "redis.call('SET', KEYS[1], 1) redis.call('SET', KEYS[2], 2) return 1")
        let museum = try client("museum")
        #expect(try await museum.send(Command(script, keys: ["museum:{a}:x", "museum:{a}:y"], arguments: [])) == .integer(1))
        museum.close()
        server.kill()
        try await server.launch()
        let restarted = try client("museum")
        defer { restarted.close() }
        #expect(try await restarted.send("MGET", "museum:{a}:x", "museum:{a}:y").asTexts() == ["1", "2"])
        // The rights are for loading only: nobody can be the default user.
        let nobody = try server.client()
        defer { nobody.close() }
        for words in [["PING"], ["GET", "museum:{a}:x"], ["AUTH", ""], ["AUTH", "default", ""]] {
            guard case .failure(.refused) = await nobody.send([Command(words)])[0] else {
                Issue.record("\(words) as the default user is not refused")
                continue
            }
        }
    }

    /// A role's user may not look at everything: the error names the user and the right, and says which user may.
    @Test func anotherUsersCommandSaysWhichRightIsMissing() async throws {
        let guarded = try await GuardedRedis.start()
        let folder = try TemporaryFolder()
        let museum = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: guarded.server)
        let visitor = Visitor(museum.url("gateway"))
        #expect(try await visitor.book(try await visitor.register(capacity: 5), visitor: "kim").status == 201)
        let child = try ChildProcess(
            MuseumProcess.program, ["audit"], environment: ["REDIS_URL": guarded.url(of: "book")], folder: folder.url,
            output: folder.url.appendingPathComponent("printed"))
        #expect(try await child.waitForExit() == 1)
        let printed = child.printed()
        #expect(printed.contains("NOPERM the user 'book' has no permissions to run the '"), "\(printed)")
        #expect(printed.contains("use a user with this right, such as operator, in REDIS_URL"), "\(printed)")
        #expect(printed.split(separator: "\n").count == 1)
    }

    @Test func everyCommandWorksAsOperator() async throws {
        let guarded = try await GuardedRedis.start()
        let client = try guarded.server.client()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: guarded.server)
        let visitor = Visitor(deployment.url("gateway"))
        let exhibition = try await visitor.register(capacity: 10)
        let booking = try #require(try await visitor.book(exhibition, visitor: "kim").json["id"]?.text)
        let over = try await visitor.register(capacity: 10)
        #expect(try await visitor.book(over, visitor: "lee").status == 201)
        try await visitor.setDate(of: over, to: "2020-12-24")
        for (id, type) in [("1-0", "Nonsense"), ("2-0", "RequestCompleted"), ("3-0", "Nonsense")] {
            _ = try await client.send(
                "XADD", "confirm:{a}:dead", id, "eventId", id, "service", "book", "reason", "r", "attempts", "1", "eventType",
                type,
                "timestamp", "1", "bookId", booking, "museumId", exhibition, "visitor", "kim", "seats", "1", "status",
                "REQUEST_COMPLETED", "version", "2", "createdAt", "1")
        }
        let desk = try CommandFixture(guarded)
        for arguments in [
            ["audit", "--wait", "20s"], ["events"], ["trace", booking], ["trace", exhibition], ["replay", "confirm"],
            ["replay", "mypage"],
            ["replay", "book"], ["replay", "museum"], ["dead-letters", "list"], ["dead-letters", "show", "confirm:a:1-0"],
            ["dead-letters", "retry", "confirm:a:2-0"], ["dead-letters", "drop", "confirm:a:1-0"],
            ["dead-letters", "drop", "--all"], ["rebuild", "mypage"], ["forget", "kim"],
            ["purge", "--before", "2021-01-01", "--yes"],
        ] {
            let result = try await desk.run(arguments)
            #expect(result.code == 0, "\(arguments): \(result.output)")
        }
        // What the contract lets an operator do by hand.
        let byHand = RedisClient(try RedisEndpoint(url: guarded.url(of: "operator")))
        for words in [
            ["XGROUP", "SETID", "book:{a}:events", "confirm", "0"], ["XGROUP", "DESTROY", "book:{a}:events", "mypage"],
            ["SCRIPT", "FLUSH"],
            ["XRANGE", "book:{a}:events", "-", "+"], ["XINFO", "GROUPS", "book:{a}:events"],
            ["XINFO", "STREAM", "book:{a}:events", "FULL"],
            ["HGETALL", "museum:{a}:a1"], ["HGETALL", "mypage:{a}:\(booking)"], ["SCAN", "0"], ["TYPE", "book:{a}:index"],
            ["INFO"],
            ["SLOWLOG", "GET"], ["MEMORY", "USAGE", "book:{a}:events"], ["CLIENT", "LIST"], ["ACL", "LOG"],
            ["CONFIG", "GET", "maxmemory"],
            ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
        ] {
            if case .failure(let error) = await byHand.send([Command(words)])[0] { Issue.record("\(words): \(error)") }
        }
        let audit = try await desk.run(["audit", "--wait", "20s"])
        #expect(audit.code == 0, "\(audit.output)")
        let denied = try await client.send("ACL", "LOG")
        #expect(denied == .array([]), "\(denied)")
        for words in [
            ["FLUSHALL"], ["FLUSHDB"], ["SWAPDB", "0", "1"], ["CONFIG", "SET", "appendonly", "no"], ["ACL", "SETUSER", "x"],
            ["ACL", "LIST"],
            ["REPLICAOF", "NO", "ONE"], ["MODULE", "LIST"], ["MIGRATE", "h", "1", "k", "0", "1"], ["MONITOR"],
        ] {
            guard case .failure(.refused(let message)) = await byHand.send([Command(words)])[0], message.hasPrefix("NOPERM")
            else {
                Issue.record("the operator may \(words)")
                continue
            }
        }
        // A restart is the operator's, too.
        _ = await byHand.send([Command("SHUTDOWN")])
        try await eventually("the server is gone") { (try? await client.send("PING")) == nil }
    }

    /// Where an operator types commands.
    private struct CommandFixture {
        private let environment: [String: String]
        private let folder: TemporaryFolder

        init(_ redis: GuardedRedis) throws {
            environment = ["REDIS_URL": redis.url(of: "operator")]
            folder = try TemporaryFolder()
        }

        func run(_ arguments: String...) async throws -> (code: Int32, output: String) { try await run(arguments) }

        func run(_ arguments: [String]) async throws -> (code: Int32, output: String) {
            let output = folder.url.appendingPathComponent("\(UInt32.random(in: 0 ... .max))")
            let child = try ChildProcess(
                MuseumProcess.program, arguments, environment: environment, folder: folder.url, output: output)
            return (try await child.waitForExit(within: .seconds(60)), child.printed())
        }
    }
}
