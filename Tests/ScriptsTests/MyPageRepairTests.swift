import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// mypage_repair: each half from the side that is newer, on equal versions from the rebuilt one.
    struct MyPageRepairTests {
        private let id = Bench.booking(1)

        private func give(_ bench: Bench, live: [String], rebuilt: [String]) async throws {
            _ = try await bench.client.send("DEL", bench.keys.page(id), bench.keys.rebuilt.page(id))
            for (key, fields) in [(bench.keys.page(id), live), (bench.keys.rebuilt.page(id), rebuilt)] where !fields.isEmpty {
                _ = try await bench.client.send(Command(["HSET", key] + fields))
            }
        }

        /// Repairs what was judged: the live row as it is, unless the test says otherwise.
        private func run(_ bench: Bench, untold: [String] = ["", ""], judged: [String]? = nil) async throws -> Bench.Answer {
            let live = try await bench.client.send("HGETALL", bench.keys.page(id)).asTexts()
            return try await bench.run(
                Scripts.myPageRepair, [bench.keys.page(id), bench.keys.rebuilt.page(id)],
                ["bookVersion"] + untold + (judged ?? live))
        }

        private static let booking = ["bookVersion", "2", "status", "REQUEST_COMPLETED", "visitor", "kim"]
        private static let admission = ["admissionVersion", "1", "admission", "CONFIRMED", "admissionUpdatedAt", "5"]

        private func fields(_ list: [String]) -> [String: String] {
            var fields: [String: String] = [:]
            for index in stride(from: 0, to: list.count, by: 2) { fields[list[index]] = list[index + 1] }
            return fields
        }

        @Test func whatIsAlikeStays() async throws {
            let bench = try await Bench()
            try await give(bench, live: Self.booking + Self.admission, rebuilt: Self.booking + Self.admission)
            try await bench.skips("SAME") { try await run(bench) }
            try await give(bench, live: [], rebuilt: [])
            try await bench.skips("SAME") { try await run(bench) }
        }

        @Test func aHalfThatMovedOnStaysAndTheOtherIsMended() async throws {
            let bench = try await Bench()
            let moved = ["bookVersion", "10", "status", "CANCELED", "visitor", "kim"]
            try await give(
                bench, live: moved + ["admissionVersion", "1", "admission", "wrong"], rebuilt: Self.booking + Self.admission)
            #expect(try await run(bench).word == "REPAIRED")
            #expect(try await bench.fields(bench.keys.page(id)) == fields(moved + Self.admission))
            try await bench.skips("SAME") { try await run(bench) }
        }

        @Test func whatIsMissingStrangeOrStaleIsReplaced() async throws {
            let bench = try await Bench()
            for live in [
                [], Self.admission, ["bookVersion", "1", "status", "REQUESTED"], ["bookVersion", "2", "status", "CANCELED"],
                ["bookVersion", "none"], Self.booking + Self.admission + ["strange", "field"],
            ] {
                try await give(bench, live: live, rebuilt: Self.booking + Self.admission)
                #expect(try await run(bench).word == "REPAIRED", "\(live)")
                #expect(try await bench.fields(bench.keys.page(id)) == fields(Self.booking + Self.admission), "\(live)")
            }
        }

        @Test func aVersionThatNoEventToldOfIsReplacedUnlessItHasMovedOn() async throws {
            let bench = try await Bench()
            let invented = ["bookVersion", "9", "status", "CANCELED"]
            try await give(bench, live: invented + Self.admission, rebuilt: Self.booking + Self.admission)
            try await bench.skips("SAME") { try await run(bench, untold: ["8", ""]) }
            #expect(try await run(bench, untold: ["9", ""]).word == "REPAIRED")
            #expect(try await bench.fields(bench.keys.page(id)) == fields(Self.booking + Self.admission))
            try await give(bench, live: invented + Self.admission, rebuilt: [])
            #expect(try await run(bench, untold: ["9", "1"]).word == "REPAIRED")
            #expect(try await bench.client.send("EXISTS", bench.keys.page(id)) == .integer(0), "a row that nobody booked")
        }

        /// Between the judgement and the repair somebody has renamed, removed, updated or extended the row.
        @Test func whatHasChangedSinceItWasJudgedStays() async throws {
            let bench = try await Bench()
            let judged = ["bookVersion", "2", "status", "REQUEST_COMPLETED", "visitor", "park"]
            let renamed = ["bookVersion", "2", "status", "REQUEST_COMPLETED", "visitor", "forgotten-1"]
            let moved = ["bookVersion", "3", "status", "CANCELED", "visitor", "park"]
            for live in [renamed, moved, [], Array(judged.prefix(4)), judged + ["admission", "CONFIRMED"]] {
                try await give(bench, live: live, rebuilt: Self.booking + Self.admission)
                try await bench.skips("CHANGED") { try await run(bench, judged: judged) }
            }
            try await give(bench, live: judged, rebuilt: Self.booking + Self.admission)
            try await bench.skips("CHANGED") { try await run(bench, judged: []) }
            #expect(try await run(bench, judged: judged).word == "REPAIRED")
        }
    }
}
