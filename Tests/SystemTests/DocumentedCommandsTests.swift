import ArgumentParser
import Foundation
import Testing

@testable import skmuseum

/// Every `skmuseum` command that the documents show is accepted by the program's argument parser as it is written.
struct DocumentedCommandsTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")

    private static let commands: [String] = {
        let docs = (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("docs").path)) ?? []
        let pages =
            ["README.md", "README.ko.md", "CONTRIBUTING.md", "redis/README.md"]
            + docs.filter { $0.hasSuffix(".md") }.map { "docs/" + $0 }
        let found = pages.flatMap { page -> [String] in
            let text = (try? String(contentsOf: root.appendingPathComponent(page), encoding: .utf8)) ?? ""
            return text.matches(of: /(?:^|`)skmuseum (?<rest>[^`\n]*)/.anchorsMatchLineEndings()).map { String($0.rest) }
        }
        return Array(Set(found)).sorted()
    }()

    @Test func thereAreCommands() { #expect(Self.commands.count >= 15) }

    @Test(arguments: commands)
    func isAccepted(_ command: String) throws {
        for arguments in Self.alternatives(command) {
            do {
                _ = try SKMuseum.parseAsRoot(arguments)
            } catch {
                // Help and completion scripts are thrown, too.
                let line = "skmuseum " + arguments.joined(separator: " ")
                #expect(SKMuseum.exitCode(for: error) == .success, "\(line): \(SKMuseum.message(for: error))")
            }
        }
    }

    /// The arguments, with every optional part, once for each alternative of `a|b`. Placeholders become values; what follows two
    /// spaces is an explanation.
    static func alternatives(_ command: String) -> [[String]] {
        let plain = command.split(separator: "  ", maxSplits: 1)[0].replacing(/[\[\]'"]/, with: "").replacing("\\|", with: "|")
            .replacing("--from ID", with: "--from 1-0")
            .replacing(/(?<name><[^>]*>|\bID\b|\bDATE\b|…)/) { match in
                switch match.name {
                case "DATE": "2026-01-01"
                case "ID": "confirm:a:17-0"
                case let name where name.contains("|"): String(name.dropFirst().dropLast())
                default: "a1"
                }
            }
        var all: [[String]] = [[]]
        for word in plain.split(separator: " ") {
            all = word.split(separator: "|").flatMap { choice in all.map { $0 + [String(choice)] } }
        }
        return all
    }
}
