import Foundation
import TestSupport
import Testing

/// The pages in chromium: each group of scenarios in Tests/Browser, with museums of its own.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct BrowserTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Browser").standardizedFileURL

    private func pass(_ group: String = #function) async throws {
        let name = group.prefix { $0 != "(" }
        let temporary = try TemporaryFolder()
        let run = try ChildProcess(
            "python3", ["-B", Self.folder.appendingPathComponent("run").path, MuseumProcess.program, "--only", String(name)],
            folder: temporary.url, output: temporary.url.appendingPathComponent("output"))
        let code = try await run.waitForExit(within: .seconds(240))
        #expect(code == 0, "\(run.printed())")
    }

    @Test func journey() async throws { try await pass() }
    @Test func booking() async throws { try await pass() }
    @Test func visitor() async throws { try await pass() }
    @Test func sessions() async throws { try await pass() }
    @Test func staff() async throws { try await pass() }
    @Test func desk() async throws { try await pass() }
    @Test func operations() async throws { try await pass() }
    @Test func hostile() async throws { try await pass() }
    @Test func protection() async throws { try await pass() }
    @Test func accessibility() async throws { try await pass() }
    @Test func weight() async throws { try await pass() }

    @Test func everyGroupIsRun() throws {
        let scenarios = Self.folder.appendingPathComponent("scenarios").path
        let groups = try FileManager.default.contentsOfDirectory(atPath: scenarios)
            .filter { $0.hasSuffix(".py") && !$0.hasPrefix("_") }.map { String($0.dropLast(3)) }
        let source = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
        // The group "pictures" makes the documentation's pictures, and checks nothing.
        for group in groups where group != "pictures" {
            #expect(source.contains("func \(group)() async"), "\(group) is not run")
        }
    }
}
