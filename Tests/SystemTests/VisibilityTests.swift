import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// How soon after its 201 MyPage shows a booking, at half the rate that this machine can serve.
@Suite(.timeLimit(.minutes(3)))
struct VisibilityTests {
    private static let client = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Benchmarks/open_loop.py").standardizedFileURL.path

    /// Offers bookings at a fixed rate, and asks MyPage for some of them until they are visible. Returns what the client printed.
    private func offer(_ rate: Double, seconds: Int, samples: Int, _ exhibition: String, _ process: MuseumProcess) async throws
        -> JSON
    {
        let folder = try TemporaryFolder()
        let client = try ChildProcess(
            "python3",
            [
                Self.client, "--book-port", "\(process.ports["book"]!)", "--page-port", "\(process.ports["mypage"]!)",
                "--exhibition", exhibition, "--rate", "\(rate)", "--seconds", "\(seconds)", "--samples", "\(samples)",
            ], folder: folder.url, output: folder.url.appendingPathComponent("output"))
        let code = try await client.waitForExit(within: .seconds(60))
        let printed = client.printed()
        guard code == 0 else { throw Failed("open_loop.py: \(printed)") }
        return try JSON(parsing: printed.utf8)
    }

    @Test func atHalfLoad() async throws {
        let single = try await SingleProcess.start()
        let exhibition = try await single.visitor.register(capacity: 1_000_000)
        // The best rate: more is offered than can be served, and what is answered in time counts.
        let most = try await offer(20_000, seconds: 2, samples: 0, exhibition, single.process)
        let best = try #require(most["created"]?.decimal) / #require(most["all_seconds"]?.decimal)
        let client = try single.redis.client()
        try await eventually("the consumers have caught up", within: .seconds(60)) {
            try await client.groupsAreSettled()
        }
        let measured = try await MachinePace.measuring(beside: single.visitor) {
            try await offer(best / 2, seconds: 4, samples: 200, exhibition, single.process)
        }
        let p99 = try #require(measured.value["visible_p99"]?.decimal)
        print("at \(Int(best / 2)) bookings a second: visible p99 \(p99) ms, slack \(measured.slack)")
        #expect(try #require(measured.value["samples"]?.integer) >= 100)
        #expect(Duration.milliseconds(p99) <= .milliseconds(50) + measured.slack)
    }
}

extension JSON {
    fileprivate var decimal: Double? { if case .number(let text) = self { Double(text) } else { nil } }
}
