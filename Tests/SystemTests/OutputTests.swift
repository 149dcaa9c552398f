import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// Results and logs that can't be written.
@Suite(.timeLimit(.minutes(10)))
struct OutputTests {
    /// A redis-server with something for each command to tell.
    private struct Fixture {
        let redis: RedisServer
        let process: MuseumProcess
        let booking: String
        private let client: RedisClient

        init() async throws {
            redis = try await RedisServer.start()
            process = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
            client = try redis.client()
            let visitor = Visitor(process.url("gateway"))
            let exhibition = try await visitor.register(capacity: 10)
            booking = try #require(try await visitor.book(exhibition, visitor: "kim").json["id"]?.text)
            let audit = try await process.run("audit", "--wait", "20s")
            #expect(audit.code == 0, "\(audit.output)")
        }

        /// A dead letter whose event is applied long since.
        func writeDeadLetter(_ id: String) async throws {
            _ = try await client.send(
                "XADD", "confirm:{a}:dead", id, "eventId", id, "service", "book", "reason", "r", "attempts", "1", "eventType",
                "RequestCompleted", "timestamp", "1", "bookId", booking, "museumId", "a1", "visitor", "kim", "seats", "1",
                "status",
                "REQUEST_COMPLETED", "version", "2", "createdAt", "1")
        }

        /// Every command that has a result; `ID` stands for a dead letter of its own.
        var commands: [[String]] {
            [
                ["audit", "--wait", "20s"], ["audit", "--wait", "20s", "--json"], ["events"], ["events", "--service", "book"],
                ["trace", booking], ["trace", "a1"], ["trace", "a1", "--json"], ["replay", "confirm"],
                ["replay", "mypage", "--json"], ["rebuild", "mypage", "--dry-run"], ["rebuild", "mypage", "--json"],
                ["rebuild", "mypage"], ["dead-letters", "list"], ["dead-letters", "show", "ID"], ["dead-letters", "retry", "ID"],
                ["dead-letters", "drop", "ID"], ["purge", "--before", "2021-01-01"],
                ["purge", "--before", "2021-01-01", "--yes"],
                ["forget", "nobody"], ["forget", "nobody", "--json"], ["purge", "--before", "2021-01-01", "--json"],
                ["dead-letters", "list", "--json"], ["--generate-completion-script", "bash"], ["--help"], ["help", "events"],
                ["audit", "--help"], ["dead-letters", "retry", "--help"],
            ]
        }

        /// Runs each command in the shell's words, where `"$@"` is the command.
        func each(
            _ shell: String, _ check: (_ name: String, _ code: Int32, _ printed: String) throws -> Void
        ) async throws {
            for (number, words) in commands.enumerated() {
                let id = "\(number + 1)-0"
                try await writeDeadLetter(id)
                let arguments = words.map { $0 == "ID" ? "confirm:a:\(id)" : $0 }
                let folder = try TemporaryFolder()
                let child = try ChildProcess(
                    "bash", ["-c", shell, MuseumProcess.program] + arguments, environment: ["REDIS_URL": redis.url],
                    folder: folder.url, output: folder.url.appendingPathComponent("printed"))
                let code = try await child.waitForExit(within: .seconds(60))
                try check(words.joined(separator: " "), code, child.printed())
                _ = try await client.send("DEL", "confirm:{a}:dead")
            }
            #expect(try await client.send("KEYS", "*rebuild*") == .array([]))
        }
    }

    @Test(arguments: [#"exec "$0" "$@" >/dev/full"#, #"exec "$0" "$@" >&-"#, #"exec "$0" "$@" <&- >&-"#])
    func aResultThatIsNotWrittenIsAFailure(shell: String) async throws {
        let fixture = try await Fixture()
        try await fixture.each(shell) { name, code, printed in
            #expect(code == 1, "\(name): \(printed)")
            let complaints = printed.split(separator: "\n").filter { $0.hasPrefix("skmuseum: ") }
            #expect(complaints.count == 1 && complaints[0].contains("stdout"), "\(name): \(printed)")
        }
    }

    /// The pipe's reader is gone before the command starts; or the command has no stderr.
    @Test func aClosedPipeEndsACommandQuietly() async throws {
        let fixture = try await Fixture()
        let shell = #"""
            (trap '' PIPE; while printf x 2>/dev/null; do :; done; trap - PIPE; exec "$0" "$@") | true; exit "${PIPESTATUS[0]}"
            """#
        try await fixture.each(shell) { name, code, printed in
            #expect(code == 0, "\(name): \(printed)")
            #expect(!printed.contains("skmuseum: "), "\(name): \(printed)")
        }
    }

    @Test func withoutStderr() async throws {
        let fixture = try await Fixture()
        try await fixture.each(#"exec "$0" "$@" 2>&-"#) { name, code, printed in
            #expect(code == 0 && !printed.isEmpty, "\(name): \(printed)")
        }
        try await fixture.each(#"exec "$0" "$@" <&- >&- 2>&-"#) { name, code, printed in
            #expect(code == 1 && printed.isEmpty, "\(name): \(printed)")
        }
        for (arguments, expected) in [(["trace", "a99"], 1), (["nonsense"], 64), (["audit", "--redis-url", ""], 78)]
            as [([String], Int32)]
        {
            for closed in ["2>&-", "2>/dev/full", "<&- >&- 2>&-"] {
                let folder = try TemporaryFolder()
                let child = try ChildProcess(
                    "bash", ["-c", #"exec "$0" "$@" "# + closed, MuseumProcess.program] + arguments,
                    environment: ["REDIS_URL": fixture.redis.url], folder: folder.url,
                    output: folder.url.appendingPathComponent("printed"))
                #expect(try await child.waitForExit() == expected, "\(arguments) \(closed)")
            }
        }
    }

    /// An audit that finds something says so by its exit code, whoever reads it.
    @Test func auditKeepsItsExitCode() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.redis.client().send("HINCRBY", "museum:{a}:a1", "held", "1")
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            "bash", ["-c", #""$0" audit | true; exit "${PIPESTATUS[0]}""#, MuseumProcess.program],
            environment: ["REDIS_URL": fixture.redis.url], folder: folder.url,
            output: folder.url.appendingPathComponent("printed"))
        #expect(try await child.waitForExit() == 1)
    }

    static let serveStreams = [
        ">/dev/full 2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-", "2>&-", ">&-", "> >(exit) 2> >(exit)",
    ]

    @Test(arguments: serveStreams, ["text", "json"])
    func serveGoesOnServing(streams: String, format: String) async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        var environment = ["REDIS_URL": redis.url, "LOG_FORMAT": format, "LOG_LEVEL": "trace"]
        for (role, port) in ports { environment["\(role.uppercased())_PORT"] = String(port) }
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            "bash", ["-c", #"exec "$0" serve "# + streams, MuseumProcess.program], environment: environment, folder: folder.url,
            output: folder.url.appendingPathComponent("printed"))
        try await booksAndStops(child, ports)
    }

    /// A log pipe that is full since nobody reads it.
    @Test(arguments: ["text", "json"])
    func aLogThatNobodyReads(format: String) async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        var environment = ["REDIS_URL": redis.url, "LOG_FORMAT": format, "LOG_LEVEL": "trace"]
        for (role, port) in ports { environment["\(role.uppercased())_PORT"] = String(port) }
        let folder = try TemporaryFolder()
        let pipe = folder.url.appendingPathComponent("pipe").path
        #expect(mkfifo(pipe, 0o600) == 0)
        let reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        let child = try ChildProcess(
            "bash", ["-c", #"exec "$0" serve >"$1" 2>&1"#, MuseumProcess.program, pipe], environment: environment,
            folder: folder.url, output: folder.url.appendingPathComponent("printed"))
        try await booksAndStops(child, ports, requests: 500)
        var waiting: CInt = 0
        // Sixteen pages, the last bytes of each of which may be free.
        #expect(ioctl(reader, UInt(FIONREAD), &waiting) == 0 && waiting > 48_000, "the pipe was full: \(waiting)")
    }

    private func booksAndStops(_ child: ChildProcess, _ ports: [String: Int], requests: Int = 20) async throws {
        let visitor = Visitor("http://127.0.0.1:\(ports["gateway"]!)")
        try await eventually("it is ready", within: .seconds(20)) {
            if let code = child.exitCode() { throw Failed("it has ended with \(code): \(child.printed())") }
            return (try? await visitor.get("/readyz").status) == 200
        }
        let exhibition = try await visitor.register(capacity: 1000)
        for number in 0..<requests { #expect(try await visitor.book(exhibition, visitor: "visitor \(number)").status == 201) }
        if requests > 100 {
            let metrics = try await visitor.get("/metrics").text
            #expect(metrics.contains(#/skmuseum_log_lines_dropped_total [1-9]/#), "\(metrics)")
        }
        // No socket has taken a closed stream's number.
        for number in 0...2 {
            let open = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(child.pid)/fd/\(number)")
            #expect(!open.hasPrefix("socket:") && !open.hasPrefix("anon_inode:"), "\(number) is \(open)")
        }
        child.signal(SIGTERM)
        #expect(try await child.waitForExit() == 0)
    }
}
