import Foundation
import TestSupport
import Testing

/// How many instructions a piece of the work takes, counted by callgrind. The counts barely depend on the machine. The bounds are an
/// eighth above what was counted in a debug build. The pieces are a reply with 64 events, a call with 64 bookings, a body and a
/// response, reading 64 events, and 64 events through Book's handler.
@Suite(.timeLimit(.minutes(5)))
struct InstructionCountTests {
    private static let program = URL(fileURLWithPath: MuseumProcess.program).deletingLastPathComponent()
        .appendingPathComponent("instruction-counts").path
    private static let times = 20

    /// The program without what debuggers read: valgrind 3.19 does not understand Swift's.
    private func stripped(in folder: TemporaryFolder) async throws -> String {
        let copy = folder.url.appendingPathComponent("program")
        let strip = try ChildProcess(
            "strip", ["--strip-debug", "-o", copy.path, Self.program], folder: folder.url,
            output: folder.url.appendingPathComponent("strip"))
        guard try await strip.waitForExit() == 0 else { throw Failed("strip: \(strip.printed())") }
        return copy.path
    }

    private func instructions(_ piece: String, times: Int) async throws -> Int {
        let folder = try TemporaryFolder()
        let program = try await stripped(in: folder)
        let valgrind = try ChildProcess(
            "valgrind",
            ["--tool=callgrind", "--callgrind-out-file=/dev/null", program, piece, "\(times)"],
            environment: ["SWIFT_DETERMINISTIC_HASHING": "1"], folder: folder.url,
            output: folder.url.appendingPathComponent("output"))
        let code = try await valgrind.waitForExit(within: .seconds(120))
        let printed = valgrind.printed()
        guard code == 0, let count = printed.firstMatch(of: /Collected : (\d+)/).flatMap({ Int($0.1) }) else {
            throw Failed("valgrind ended with \(code): \(printed.suffix(500))")
        }
        return count
    }

    @Test(arguments: [
        ("reply", 4_900_000), ("command", 7_300_000), ("json", 470_000), ("events", 16_500_000), ("batch", 3_400_000),
    ])
    func ofAPiece(piece: String, bound: Int) async throws {
        let none = try await instructions(piece, times: 0)
        let all = try await instructions(piece, times: Self.times)
        let each = (all - none) / Self.times
        print("\(piece): \(each) instructions")
        #expect(each > 0 && each <= bound, "\(piece): \(each)")
    }
}
