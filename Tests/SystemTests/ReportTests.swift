import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

@testable import skmuseum

/// What commands print for a person, and as JSON for a program.
@Suite(.timeLimit(.minutes(5)))
struct ReportTests {
    private static let commands = [
        "serve", "import", "health", "events", "trace", "audit", "dead-letters", "replay", "rebuild", "purge", "forget",
    ]

    private func run(_ arguments: [String], shell: String = #"exec "$0" "$@" 2>&-"#, redis: RedisServer? = nil) async throws
        -> (code: Int32, output: String)
    {
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            "bash", ["-c", shell, MuseumProcess.program] + arguments, environment: ["REDIS_URL": redis?.url ?? ""],
            folder: folder.url, output: folder.url.appendingPathComponent("printed"))
        return (try await child.waitForExit(within: .seconds(60)), child.printed())
    }

    @Test func helpGroupsTheCommands() async throws {
        let help = try await run(["--help"])
        #expect(help.code == 0)
        let sections = help.output.components(separatedBy: " SUBCOMMANDS:\n")
        #expect(sections.count == 5, "\(help.output)")
        for (section, commands) in zip(
            sections.dropFirst(),
            [
                ["serve", "token"], ["import"], ["health", "events", "trace", "audit", "dead-letters"],
                ["replay", "rebuild", "purge", "forget"],
            ])
        {
            let named = section.matches(of: #/\n? {2}([a-z-]+) {2,}[A-Z]/#).map { String($0.1) }
            #expect(named == commands, "\(section)")
        }
        #expect(help.output.contains("--generate-completion-script"))
    }

    @Test(arguments: commands + ["dead-letters list", "dead-letters show", "dead-letters retry", "dead-letters drop"])
    func eachHasTwoExamples(command: String) async throws {
        let help = try await run(command.split(separator: " ").map(String.init) + ["--help"])
        let examples = help.output.matches(of: #/\n {2}skmuseum ([a-z-]+)/#)
        #expect(examples.count == 2, "\(help.output)")
        #expect(examples.allSatisfy { command.hasPrefix($0.1) }, "\(help.output)")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func aCompletionScriptNamesTheCommands(shell: String) async throws {
        let script = try await run(["--generate-completion-script", shell])
        #expect(script.code == 0)
        for command in Self.commands { #expect(script.output.contains(command), "\(command)") }
    }

    /// Exit code 0 only if every role that is named is ready; without names, every role that listens.
    @Test func healthAsksTheRoles() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(["book", "gateway"], ports: try MuseumProcess.freePorts(), redis: redis)
        #expect(try await process.run("health").code == 0)
        #expect(try await process.run("health", "--role", "book,gateway").code == 0)
        let missing = try await process.run("health", "--role", "book,confirm")
        #expect(missing.code == 1)
        #expect(missing.output.contains("confirm does not respond at http://127.0.0.1:"), "\(missing.output)")
        redis.kill()
        try await eventually("Book is not ready", within: .seconds(10)) { try await process.run("health").code == 1 }
        let unready = try await process.run("health", "--role", "book,gateway")
        #expect(unready.code == 1 && unready.output.contains("book at http://127.0.0.1:"))
        #expect(!unready.output.contains("gateway"), "\(unready.output)")
        process.kill()
        let nobody = try await process.run("health")
        #expect(nobody.code == 1 && nobody.output.contains("no role listens"), "\(nobody.output)")
    }

    @Test func eachReportsAsJSONAndForPeople() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(process.url("gateway"))
        let exhibition = try await visitor.register(capacity: 10)
        let booking = try #require(try await visitor.book(exhibition, visitor: "kim", seats: 2).json["id"]?.text)
        let audit = try await process.run("audit", "--wait", "20s")
        try #require(audit.code == 0, "\(audit.output)")
        func object(_ arguments: String...) async throws -> JSON {
            let result = try await run(arguments, redis: redis)
            #expect(result.code == 0, "\(arguments): \(result.output)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == 1, "\(arguments): \(result.output)")
            return try JSON(parsing: Array((lines.first ?? "").utf8))
        }

        let trace = try await object("trace", booking, "--json")
        #expect(
            trace["events"]?.elements?.map { $0["eventType"]?.text } == [
                "SeatsReserved", "Requested", "RequestCompleted", "ConfirmCompleted",
            ])
        #expect(trace["states"]?.elements?.map { $0["service"]?.text } == ["museum", "book", "confirm", "mypage"])
        #expect(trace["states"]?.elements?.last?["fields"]?["seats"]?.text == "2")
        let text = try await run(["trace", booking], redis: redis).output
        #expect(text.contains(#/createdAt=20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ/#), "\(text)")
        #expect(!text.contains(#/At=\d{13}\b/#), "\(text)")

        let replay = try await object("replay", "confirm", "--json")
        #expect(replay["events"]?.integer == 2 && replay["streams"]?.elements?.count == 1)
        let rebuild = try await object("rebuild", "mypage", "--json")
        #expect(rebuild["rows"]?.integer == 1 && rebuild["different"]?.integer == 0 && rebuild["partition"]?.text == "a")
        let purge = try await object("purge", "--before", "2021-01-01", "--json")
        #expect(purge["purged"] == .bool(false) && purge["exhibitions"]?.elements?.isEmpty == true)
        let forget = try await object("forget", "kim", "--json")
        #expect(forget["found"] == .bool(true) && forget["bookings"]?.integer == 1)
        #expect(forget["valid"]?.elements?.map(\.text) == [booking])
        #expect(try await object("forget", "kim", "--json")["found"] == .bool(false))
    }

    /// `script` runs a command on a terminal of its own.
    @Test func aTerminalGetsABarAndAFileDoesNot() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(process.url("gateway"))
        let exhibition = try await visitor.register(capacity: 10)
        #expect(try await visitor.book(exhibition, visitor: "kim").status == 201)
        let audit = try await process.run("audit", "--wait", "20s")
        try #require(audit.code == 0, "\(audit.output)")
        let onTerminal = try await run(
            ["replay", "confirm"], shell: #"exec script -qec "$(printf '%q ' "$0" "$@")" /dev/null"#, redis: redis)
        #expect(
            onTerminal.output.contains(#/\r\u{1B}\[Kconfirm replays events \[[#-]{20}\] [0-2]\/2 \d+%/#), "\(onTerminal.output)")
        #expect(onTerminal.output.contains("caught up: 2 events"), "\(onTerminal.output)")
        let inFile = try await run(["replay", "confirm"], shell: #"exec "$0" "$@" 2>&1"#, redis: redis)
        #expect(!inFile.output.contains("\r") && !inFile.output.contains("["), "\(inFile.output)")
    }

    @Test func columnsAreAligned() {
        #expect(
            TextTable.lines([["a", "b", "c"], ["longer", "b", "c d"], ["김철수", "", "x"], ["alone"]]) == [
                "a       b  c", "longer  b  c d", "김철수     x", "alone",
            ])
        #expect(TextTable.lines([]) == [])
        var table = TextTable()
        var lines: [String] = []
        for number in 0..<450 { lines += table.add(["\(number)", "x"]) }
        #expect(lines.count == 400, "a long table is printed in parts")
        lines += table.finish()
        #expect(lines.count == 450 && lines[449] == "449  x" && lines[0] == "0    x")
    }
}
