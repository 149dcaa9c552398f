import Foundation
import TestSupport
import Testing

/// The README's lines, pasted one after another into a fresh museum, print what the README says, but for times and booking ids.
@Suite(.timeLimit(.minutes(2)))
struct ReadmeTests {
    /// What follows the line pasted: variables that it has set are there for the next one, as in a terminal.
    private static let pasting =
        #"test -f variables && . ./variables; eval "$0"; declare -p answer kim lee >variables 2>/dev/null"#

    @Test func linesPrintWhatTheReadmeSays() async throws {
        let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../docs/walkthrough.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let pairs = text.matches(of: /```sh\n(.*?)\n```\n\n```(json|text)\n(.*?)\n```/.dotMatchesNewlines()).map {
            (String($0.1), String($0.3))
        }
        #expect(pairs.count >= 14)

        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let folder = try TemporaryFolder()
        var (shown, expected) = (BookingNumbers(), BookingNumbers())
        for (number, (line, said)) in pairs.enumerated() {
            let here = line.replacing("localhost:8080", with: "localhost:\(deployment.ports["gateway"]!)").replacing(
                "-p 6390", with: "-p \(redis.port)")
            #expect(line.firstMatch(of: BookingNumbers.id) == nil, "no id is written down: it differs in each deployment")
            let isReading = !line.contains(" -d ") && !line.contains("-X ")
            let due = timeless(expected.number(said))
            var printed = ""
            var tries = 0
            // What follows the booking does so a moment later; whoever reads too early reads again.
            try? await eventually("the README's answer", within: .seconds(5)) {
                tries += 1
                let output = folder.url.appendingPathComponent("\(number)-\(tries)")
                let child = try ChildProcess("bash", ["-c", Self.pasting, here], folder: folder.url, output: output)
                _ = try await child.waitForExit()
                printed = timeless(shown.number(child.printed().trimmingCharacters(in: .newlines)))
                return !isReading || printed == due
            }
            #expect(printed == due, "\(line)")
        }
        #expect(shown.count == 2 && expected.count == 2, "the ids are those of the bookings")
    }

    /// Without what differs each time: moments and request ids.
    private func timeless(_ text: String) -> String {
        text.replacing(/\d{4}-\d\d-\d\dT[0-9:.]+Z/, with: "(time)").replacing(/\b\d{13}\b/, with: "(time)")
            .replacing(/"requestId":"[0-9a-f]{16}"/, with: "(request)")
    }
}

/// Booking ids by the order in which they come up: equal texts speak of the same bookings.
private struct BookingNumbers {
    static var id: Regex<Substring> { /a1-[0-9a-hjkmnp-tv-z]{12}/ }
    private var numbers: [String: Int] = [:]

    var count: Int { numbers.count }

    mutating func number(_ text: String) -> String {
        for match in text.matches(of: Self.id) where numbers[String(match.0)] == nil {
            numbers[String(match.0)] = numbers.count + 1
        }
        return text.replacing(Self.id) { "(booking \(numbers[String($0.0)] ?? 0))" }
    }
}
