import Foundation
import TestSupport
import Testing

/// The README's lines, pasted one after another into a fresh museum, print what the README says, but for times.
@Suite(.timeLimit(.minutes(2)))
struct ReadmeTests {
    @Test func linesPrintWhatTheReadmeSays() async throws {
        let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let pairs = text.matches(of: /```sh\n(.*?)\n```\n\n```(json|text)\n(.*?)\n```/.dotMatchesNewlines()).map {
            (String($0.1), String($0.3))
        }
        #expect(pairs.count >= 14)

        let redis = try await RedisServer.start()
        let house = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let folder = try TemporaryFolder()
        for (number, (line, said)) in pairs.enumerated() {
            let here = line.replacing("localhost:8080", with: "localhost:\(house.ports["gateway"]!)").replacing(
                "-p 6390", with: "-p \(redis.port)")
            let isReading = !line.contains(" -d ") && !line.contains("-X ")
            var printed = ""
            var tries = 0
            // What follows the booking does so a moment later; whoever reads too early reads again.
            try? await eventually("the README's answer", within: .seconds(5)) {
                tries += 1
                let output = folder.url.appendingPathComponent("\(number)-\(tries)")
                let child = try ChildProcess("bash", ["-c", here], folder: folder.url, output: output)
                _ = try await child.waitForExit()
                printed = child.printed().trimmingCharacters(in: .newlines)
                return !isReading || timeless(printed) == timeless(said)
            }
            #expect(timeless(printed) == timeless(said), "\(line)")
        }
    }

    /// Without what differs each time: moments and request ids.
    private func timeless(_ text: String) -> String {
        text.replacing(/\d{4}-\d\d-\d\dT[0-9:.]+Z/, with: "(time)").replacing(/\b\d{13}\b/, with: "(time)")
            .replacing(/"requestId":"[0-9a-f]{16}"/, with: "(request)")
    }
}
