import Foundation
import Redis
import TestSupport
import Testing

/// What `serve` is started with: addresses, ports, passwords; and how each command ends.
@Suite(.timeLimit(.minutes(5)))
struct StartTests {
    private func serve(_ environment: [String: String], roles: String = "museum") throws -> (ChildProcess, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            MuseumProcess.program, ["serve", "--role", roles], environment: environment, folder: folder.url,
            output: folder.url.appendingPathComponent("printed"))
        return (child, folder)
    }

    private static func environment(_ redis: RedisServer, _ ports: [String: Int]) -> [String: String] {
        var environment = ["REDIS_URL": redis.url]
        for (role, port) in ports { environment["\(role.uppercased())_PORT"] = String(port) }
        return environment
    }

    /// Nothing has been consumed, written or listened on.
    private func isRefused(
        _ environment: [String: String], roles: String = "museum,book", naming variable: String, _ redis: RedisServer
    ) async throws {
        let (child, folder) = try serve(environment, roles: roles)
        defer { withExtendedLifetime(folder) {} }
        #expect(try await child.waitForExit() == 78)
        let lines = child.printed().split(separator: "\n")
        #expect(lines.count == 1 && lines.first?.hasPrefix("skmuseum: \(variable) ") == true, "\(child.printed())")
        #expect(try await redis.client().send("DBSIZE") == .integer(0))
    }

    @Test func aPortInUse() async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let other = try StubServer(.hangsUp)
        for role in ["museum", "book"] {
            var environment = Self.environment(redis, ports)
            environment["\(role.uppercased())_PORT"] = String(other.port)
            try await isRefused(environment, naming: "\(role.uppercased())_PORT", redis)
        }
        // A port of a role that doesn't run here may be anybody's.
        var environment = Self.environment(redis, ports)
        environment["BOOK_PORT"] = String(other.port)
        let (child, folder) = try serve(environment)
        defer { withExtendedLifetime(folder) {} }
        let visitor = Visitor("http://127.0.0.1:\(ports["museum"]!)")
        try await eventually("it is ready") { (try? await visitor.get("/readyz").status) == 200 }
        child.signal(SIGTERM)
        #expect(try await child.waitForExit() == 0)
    }

    /// Addresses of documentation, of nobody on this machine.
    @Test(arguments: ["192.0.2.1", "2001:db8::1"])
    func anAddressOfAnotherMachine(address: String) async throws {
        let redis = try await RedisServer.start()
        var environment = Self.environment(redis, try MuseumProcess.freePorts())
        environment["BIND_ADDRESS"] = address
        environment["PROTECTED_MODE"] = "no"
        try await isRefused(environment, naming: "BIND_ADDRESS", redis)
    }

    /// The line that is printed for pasting reaches the gateway.
    @Test(arguments: ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "localhost"])
    func theExampleWorks(address: String) async throws {
        let redis = try await RedisServer.start()
        var environment = Self.environment(redis, try MuseumProcess.freePorts())
        environment["BIND_ADDRESS"] = address
        if ["0.0.0.0", "::"].contains(address) { environment["PROTECTED_MODE"] = "no" }
        let (child, folder) = try serve(environment, roles: "book,museum,confirm,mypage,gateway")
        defer { withExtendedLifetime(folder) {} }
        try await eventually("the example is printed") {
            if let code = child.exitCode() { throw Failed("it has ended with \(code): \(child.printed())") }
            return child.printed().contains("Try:")
        }
        let url = try #require(child.printed().firstMatch(of: #/http:[^ ]*\/museums/#))
        #expect(try await Visitor(String(url.0)).get("").status == 200)
        child.signal(SIGTERM)
        #expect(try await child.waitForExit() == 0)
    }

    @Test func kubernetesServiceLinks() async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        var environment = Self.environment(redis, ports)
        for role in ["BOOK", "CONFIRM", "MYPAGE", "GATEWAY"] { environment["\(role)_PORT"] = "tcp://10.0.0.1:8081" }
        let (child, folder) = try serve(environment)
        defer { withExtendedLifetime(folder) {} }
        let visitor = Visitor("http://127.0.0.1:\(ports["museum"]!)")
        try await eventually("it is ready") { (try? await visitor.get("/readyz").status) == 200 }
        let lines = child.printed().split(separator: "\n").filter { $0.contains("Kubernetes") }
        #expect(lines.count == 1 && ["BOOK_PORT", "GATEWAY_PORT"].allSatisfy { lines.first?.contains($0) == true }, "\(lines)")
        child.signal(SIGTERM)
        #expect(try await child.waitForExit() == 0)
    }

    /// Every signal that ends a process from outside drains it: its consumers leave their groups.
    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func signalsDrain(signal: Int32) async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(["book", "confirm"], ports: try MuseumProcess.freePorts(), redis: redis)
        let client = try redis.client()
        _ = try await client.send("SADD", "museum:partitions", "a")
        try await eventually("its consumer is there") {
            let consumers = await client.send([Command("XINFO", "CONSUMERS", "book:{a}:events", "confirm")])[0]
            if case .success(.array(let consumers)) = consumers { return !consumers.isEmpty } else { return false }
        }
        process.signal(signal)
        try await eventually("it has ended") { !process.isRunning }
        #expect(try await client.send("XINFO", "CONSUMERS", "book:{a}:events", "confirm") == .array([]))
        #expect(!process.printed().contains("error"), "\(process.printed())")
    }

    /// `nohup`: who says that a hang-up shall not end it, is obeyed.
    @Test func anIgnoredHangUpStaysIgnored() async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            "nohup", [MuseumProcess.program, "serve", "--role", "museum"], environment: Self.environment(redis, ports),
            folder: folder.url, output: folder.url.appendingPathComponent("printed"))
        let visitor = Visitor("http://127.0.0.1:\(ports["museum"]!)")
        try await eventually("it is ready") { (try? await visitor.get("/readyz").status) == 200 }
        child.signal(SIGHUP)
        for _ in 0..<20 { #expect(try await visitor.get("/readyz").status == 200) }
        child.signal(SIGTERM)
        #expect(try await child.waitForExit() == 0)
    }

    /// A password is in nothing that the process says, and in no connection's name.
    @Test(arguments: ["text", "json"])
    func passwordsStayUnsaid(format: String) async throws {
        let redis = try await RedisServer.start()
        let client = try redis.client()
        _ = try await client.send("ACL", "SETUSER", "kim", "on", ">hunter2", "~*", "&*", "+@all")
        let ports = try MuseumProcess.freePorts()
        for (password, isRight) in [("hunter2", true), ("hunter2x", false)] {
            var environment = Self.environment(redis, ports)
            environment["REDIS_URL"] = "redis://kim:\(password)@127.0.0.1:\(redis.port)"
            environment["MYPAGE_REDIS_URL"] = "redis://kim:\(password)@localhost:\(redis.port)/1"
            environment["LOG_LEVEL"] = "trace"
            environment["LOG_FORMAT"] = format
            let (child, folder) = try serve(environment, roles: "book,museum,confirm,mypage,gateway")
            defer { withExtendedLifetime(folder) {} }
            let visitor = Visitor("http://127.0.0.1:\(ports["gateway"]!)")
            try await eventually("it answers") {
                let status = (try? await visitor.get("/museums").status) ?? 0
                return isRight ? status == 200 : status == 503
            }
            let list = try await client.send("CLIENT", "LIST").asText()
            #expect(!list.contains("hunter2") && (list.contains("name=skmuseum-") || !isRight))
            #expect(try await !visitor.get("/metrics").text.contains("hunter2"))
            child.signal(SIGTERM)
            #expect(try await child.waitForExit() == 0)
            #expect(child.printed().contains("127.0.0.1:\(redis.port)") && !child.printed().contains("hunter2"))
            for command in ["audit", "events"] {
                let child = try ChildProcess(
                    MuseumProcess.program, [command], environment: environment, folder: folder.url,
                    output: folder.url.appendingPathComponent(command))
                #expect(try await child.waitForExit() == (isRight ? 0 : 1))
                #expect(!child.printed().contains("hunter2"))
            }
        }
    }

    static let commands = [
        ["serve"], ["events"], ["trace", "a1"], ["replay", "confirm"], ["audit"], ["rebuild", "mypage"],
        ["dead-letters", "list"],
        ["dead-letters", "show", "confirm:a:1-0"], ["dead-letters", "retry", "--all"], ["dead-letters", "drop", "--all"],
        ["purge", "--before", "2021-01-01"], ["forget", "kim"],
    ]

    /// 64 for wrong usage, 78 for bad configuration, 1 for a Redis that is not there, each with its line.
    @Test(arguments: commands)
    func exitCodes(command: [String]) async throws {
        let folder = try TemporaryFolder()
        let nobody = "redis://127.0.0.1:\(try FreePorts.take(1)[0])"
        var cases: [(arguments: [String], redis: String, code: Int32, word: String)] = [
            (["--nonsense"], nobody, 64, "nonsense"), (["--redis-url"], nobody, 64, "redis-url"),
            (["--redis-url", ""], nobody, 78, "REDIS_URL"), (["--redis-url", " "], nobody, 78, "REDIS_URL"),
            (["--redis-url", "redis://:hunter2/@host"], nobody, 78, "REDIS_URL"), ([], "redis://host?db=3", 78, "REDIS_URL"),
            ([], " ", 78, "REDIS_URL"),
        ]
        if command != ["serve"] { cases.append(([], nobody, 1, "REDIS_URL")) }
        for (number, (arguments, redis, code, word)) in cases.enumerated() {
            let child = try ChildProcess(
                MuseumProcess.program, command + arguments, environment: ["REDIS_URL": redis], folder: folder.url,
                output: folder.url.appendingPathComponent("\(number)"))
            #expect(try await child.waitForExit(within: .seconds(60)) == code, "\(command + arguments) with \(redis)")
            let printed = child.printed()
            #expect(printed.contains(word) && !printed.contains("hunter2"), "\(command + arguments): \(printed)")
            #expect(printed.split(separator: "\n").count == 1 || code == 64, "\(printed)")
        }
    }

    @Test func wrongUsage() async throws {
        let folder = try TemporaryFolder()
        for (number, arguments) in [
            ["serve", "--role", "cook"], ["serve", "--role", ""], ["serve", "--role", "book,"],
            ["serve", "--role", "book,,museum"], ["health", "--role", "cook"],
            ["replay", "gateway"], ["replay", ""], ["replay"], ["replay", "confirm", "--from", ""], ["trace", "{a}"],
            ["trace", ""],
            ["audit", "--wait", "long"], ["audit", "--wait", ""], ["nonsense"], [""], ["events", "--from", ""],
            ["events", "--service", ""], ["rebuild", ""], ["purge"], ["purge", "--before", ""],
            ["purge", "--before", "2099-02-30"],
            ["forget"], ["forget", ""], ["forget", " "], ["dead-letters", "show"], ["dead-letters", "retry"],
            ["dead-letters", "drop", "--all", "confirm:a:1-0"],
        ].enumerated() {
            let child = try ChildProcess(
                MuseumProcess.program, arguments, folder: folder.url, output: folder.url.appendingPathComponent("\(number)"))
            #expect(try await child.waitForExit() == 64, "\(arguments): \(child.printed())")
        }
    }
}
