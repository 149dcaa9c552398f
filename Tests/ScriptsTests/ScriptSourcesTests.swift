import Foundation
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// The scripts as texts: what Redis has to see in their first line, and that each is one short transition.
    struct ScriptSourcesTests {
        @Test(arguments: Scripts.all.map(\.name))
        func isShortAndChecked(_ name: String) throws {
            let source = try #require(Scripts.all.first { $0.name == name }).source
            let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines[0] == "#!lua", "Redis looks at OOM, READONLY and MISCONF before it runs such a script")
            #expect(lines.count <= 70)
            #expect(lines.allSatisfy { $0.count <= 130 })
            for parts in [["-- KEYS  1 "], ["-- ARGV  1 ", "-- ARGV  for each "], ["-- Returns "]] {
                #expect(lines.contains { line in parts.contains { line.hasPrefix($0) } }, "\(parts) is missing")
            }
            #expect(!source.contains("'TIME'"), "Lua never asks for the time")
        }

        @Test func theListIsWhole() throws {
            let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../redis/scripts")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".lua") }
            #expect(files.sorted() == Scripts.all.map { $0.name + ".lua" }.sorted())
        }

        @Test func redisNamesThemAlike() async throws {
            let fixture = try await ScriptFixture()
            for script in Scripts.all {
                #expect(try await fixture.client.send("SCRIPT", "LOAD", script.source) == .text(script.sha1), "\(script.name)")
            }
        }
    }
}
