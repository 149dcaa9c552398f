import Foundation
import TestSupport
import Testing

/// The pages in chromium: each group of scenarios in Tests/Browser, with a museum of its own.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct BrowserTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Browser").standardizedFileURL

    /// `pictures` makes the documentation's pictures and checks nothing.
    private static let groups = [
        "accessibility", "hostile", "journey", "operator", "protection", "sessions", "staff", "visitor", "weight",
    ]

    @Test(arguments: groups) func scenariosPass(group: String) async throws {
        let temporary = try TemporaryFolder()
        let run = try ChildProcess(
            "python3", ["-B", Self.folder.appendingPathComponent("run").path, MuseumProcess.program, "--only", group],
            folder: temporary.url, output: temporary.url.appendingPathComponent("output"))
        let code = try await run.waitForExit(within: .seconds(240))
        print(run.printed())
        #expect(code == 0, "\(run.printed())")
    }

    @Test func everyGroupIsRun() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.appendingPathComponent("scenarios").path)
        let found = files.filter { $0.hasSuffix(".py") && !$0.hasPrefix("_") }.map { String($0.dropLast(3)) }
        #expect(Set(found) == Set(Self.groups + ["pictures"]))
    }
}
