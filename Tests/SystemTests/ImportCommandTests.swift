import Foundation
import HTTPServer
import TestSupport
import Testing

/// `skmuseum import`: what it registers, prints and refuses.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ImportCommandTests {
    private static let season =
        "title,hall,date,startTime,endTime,capacity\nMonet,A hall,2099-12-24,14:00,15:30,20\n,달,2099-12-25,,,5\n"

    private struct Fixture {
        let single: SingleProcess
        let folder: TemporaryFolder

        init() async throws {
            single = try await SingleProcess.start()
            folder = try TemporaryFolder()
        }

        func file(_ text: String, _ name: String = "season.csv") throws -> String {
            let url = folder.url.appendingPathComponent(name)
            try Data(text.utf8).write(to: url)
            return url.path
        }

        func run(_ arguments: String...) async throws -> (code: Int32, output: String) {
            let output = folder.url.appendingPathComponent("\(UInt32.random(in: 0 ... .max))")
            let child = try ChildProcess(
                MuseumProcess.program, ["import"] + arguments, environment: single.process.environment, folder: folder.url,
                output: output)
            return (try await child.waitForExit(within: .seconds(30)), child.printed())
        }

        var count: Int {
            get async throws { try await single.visitor.all("museums", query: "status=OPEN,CLOSED,DELETED").count }
        }
    }

    @Test func registersOnce() async throws {
        let fixture = try await Fixture()
        let file = try fixture.file(Self.season)
        let rows = "2099-12-24  14:00-15:30  A hall  20  Monet\n2099-12-25               달      5   \n"
        let dry = try await fixture.run(file, "--dry-run")
        #expect(dry.code == 0 && dry.output == rows + "would register 2 exhibitions\n", "\(dry.output)")
        #expect(try await fixture.count == 0)
        let first = try await fixture.run(file)
        #expect(first.code == 0, "\(first.output)")
        let named = rows.replacing("2099-12-24", with: "a1  2099-12-24").replacing("2099-12-25", with: "a2  2099-12-25")
        #expect(first.output == named + "registered 2 exhibitions\n", "\(first.output)")
        // The same rows in another form, and over the address of the gateway.
        let other = try fixture.file("\u{FEFF}" + Self.season.replacing("\n", with: "\r\n"), "other.csv")
        for again in [
            try await fixture.run(file), try await fixture.run(other),
            try await fixture.run(other, "--url", fixture.single.process.url("gateway") + "/"),
        ] {
            #expect(again.code == 0 && again.output == named + "2 exhibitions registered before; nothing was changed\n")
        }
        #expect(try await fixture.count == 2)
        #expect(try await fixture.run(try fixture.file(Self.season + "x,B,2099-12-26,,,5\n")).code == 0)
        #expect(try await fixture.count == 5)
    }

    @Test func errorsNameRowAndColumn() async throws {
        let fixture = try await Fixture()
        for (text, what) in [
            (Self.season.replacing(",5\n", with: ",0\n"), #"Row 3: "capacity" must be a whole number from 1 to 1000000."#),
            (Self.season.replacing("hall,", with: "place,"), #"Row 1: "place" is unknown"#),
            (Self.season + "\"x", "Row 4 can't be read as CSV"), ("", "Row 1"),
        ] {
            for arguments in [["--dry-run"], []] {
                let file = try fixture.file(text)
                let refused = try await fixture.run(arguments.first ?? file, arguments.isEmpty ? "--dry-run" : file)
                #expect(refused.code == 1 && refused.output.hasPrefix("skmuseum: \(file): \(what)"), "\(refused.output)")
                #expect(refused.output.split(separator: "\n").count == 1)
            }
        }
        #expect(try await fixture.count == 0)
    }

    @Test func exitCodes() async throws {
        let fixture = try await Fixture()
        let file = try fixture.file(Self.season)
        for (arguments, code, what) in [
            (["nowhere.csv"], 1, "can't be read"), ([fixture.folder.url.path], 1, "can't be read"),
            ([file, "--url", "museum.example"], 64, "--url"), ([file, "--url", "http://a/b"], 64, "--url"),
            ([file, "--url", "http://127.0.0.1:1"], 1, "is the gateway running"),
            ([file, "--token-file", "nowhere"], 78, "nowhere can't be read"),
            ([file, "--token-file", try fixture.file(" \n", "empty")], 78, "has no token"),
        ] as [([String], Int32, String)] {
            let padded = arguments.count == 1 ? arguments + ["--url", fixture.single.process.url("gateway")] : arguments
            let refused = try await fixture.run(padded[0], padded[1], padded[2])
            #expect(refused.code == code && refused.output.contains(what), "\(arguments): \(refused.code) \(refused.output)")
        }
        #expect(try await fixture.count == 0)
    }

    /// What goes out, seen by a server that is the test's own; and what is printed of its refusals.
    @Test func theRequest() async throws {
        let fixture = try await Fixture()
        let problem = #"{"type":"/problems/forbidden","title":"x","status":403,"detail":"Only staff may.","requestId":"r"}"#
        let server = try StubServer(.says("HTTP/1.1 403 Forbidden\r\nContent-Length: \(problem.utf8.count)\r\n\r\n\(problem)"))
        let file = try fixture.file(Self.season)
        let token = try fixture.file("secret.token\n", "token")
        for _ in 0..<2 {
            let refused = try await fixture.run(file, "--url=\(server.url)", "--token-file=\(token)")
            #expect(refused.code == 1, "\(refused.output)")
            #expect(
                refused.output.hasSuffix("Only staff may. Give a token with --token-file or SKMUSEUM_TOKEN.\n"),
                "\(refused.output)")
        }
        let requests = server.received
        #expect(requests.count == 2 && requests[0].hasPrefix("POST /museums HTTP/1.1\r\n") && requests[0].hasSuffix(Self.season))
        #expect(requests[0].contains("\r\nAuthorization: Bearer secret.token\r\n"))
        let keys = requests.map { $0.firstMatch(of: #/\r\nIdempotency-Key: (import-[0-9a-f]{64})\r\n/#)?.output.1 }
        #expect(keys[0] != nil && keys[0] == keys[1])
        server.change(.hangsUp)
        let lost = try await fixture.run(file, "--url=\(server.url)", "--token-file=\(token)")
        #expect(lost.code == 1 && lost.output.contains("nothing is registered twice"), "\(lost.output)")
    }
}
