import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// mypage_repair: each half from the side that is newer, on equal versions from the rebuilt one.
    struct MyPageRepairTests {
        private let id = ScriptFixture.booking(1)

        private func give(_ fixture: ScriptFixture, live: [String], rebuilt: [String]) async throws {
            _ = try await fixture.client.send("DEL", fixture.keys.page(id), fixture.keys.rebuilt.page(id))
            for (key, fields) in [(fixture.keys.page(id), live), (fixture.keys.rebuilt.page(id), rebuilt)] where !fields.isEmpty {
                _ = try await fixture.client.send(Command(["HSET", key] + fields))
            }
        }

        /// Repairs what was judged: the live row as it is, unless the test says otherwise.
        private func run(_ fixture: ScriptFixture, untold: [String] = ["", ""], judged: [String]? = nil) async throws
            -> ScriptFixture.Answer
        {
            let live = try await fixture.client.send("HGETALL", fixture.keys.page(id)).asTexts()
            return try await fixture.run(
                MyPageRepair.script, [fixture.keys.page(id), fixture.keys.rebuilt.page(id)],
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
            let fixture = try await ScriptFixture()
            try await give(fixture, live: Self.booking + Self.admission, rebuilt: Self.booking + Self.admission)
            try await fixture.skips("SAME") { try await run(fixture) }
            try await give(fixture, live: [], rebuilt: [])
            try await fixture.skips("SAME") { try await run(fixture) }
        }

        @Test func aHalfThatMovedOnStaysAndTheOtherIsMended() async throws {
            let fixture = try await ScriptFixture()
            let moved = ["bookVersion", "10", "status", "CANCELED", "visitor", "kim"]
            try await give(
                fixture, live: moved + ["admissionVersion", "1", "admission", "wrong"], rebuilt: Self.booking + Self.admission)
            #expect(try await run(fixture).word == "REPAIRED")
            #expect(try await fixture.fields(fixture.keys.page(id)) == fields(moved + Self.admission))
            try await fixture.skips("SAME") { try await run(fixture) }
        }

        @Test func whatIsMissingStrangeOrStaleIsReplaced() async throws {
            let fixture = try await ScriptFixture()
            for live in [
                [], Self.admission, ["bookVersion", "1", "status", "REQUESTED"], ["bookVersion", "2", "status", "CANCELED"],
                ["bookVersion", "none"], Self.booking + Self.admission + ["strange", "field"],
            ] {
                try await give(fixture, live: live, rebuilt: Self.booking + Self.admission)
                #expect(try await run(fixture).word == "REPAIRED", "\(live)")
                #expect(try await fixture.fields(fixture.keys.page(id)) == fields(Self.booking + Self.admission), "\(live)")
            }
        }

        @Test func aVersionThatNoEventToldOfIsReplacedUnlessItHasMovedOn() async throws {
            let fixture = try await ScriptFixture()
            let invented = ["bookVersion", "9", "status", "CANCELED"]
            try await give(fixture, live: invented + Self.admission, rebuilt: Self.booking + Self.admission)
            try await fixture.skips("SAME") { try await run(fixture, untold: ["8", ""]) }
            #expect(try await run(fixture, untold: ["9", ""]).word == "REPAIRED")
            #expect(try await fixture.fields(fixture.keys.page(id)) == fields(Self.booking + Self.admission))
            try await give(fixture, live: invented + Self.admission, rebuilt: [])
            #expect(try await run(fixture, untold: ["9", "1"]).word == "REPAIRED")
            #expect(try await fixture.client.send("EXISTS", fixture.keys.page(id)) == .integer(0), "a row that nobody booked")
        }

        /// Between the judgement and the repair somebody has renamed, removed, updated or extended the row.
        @Test func whatHasChangedSinceItWasJudgedStays() async throws {
            let fixture = try await ScriptFixture()
            let judged = ["bookVersion", "2", "status", "REQUEST_COMPLETED", "visitor", "park"]
            let renamed = ["bookVersion", "2", "status", "REQUEST_COMPLETED", "visitor", "forgotten-1"]
            let moved = ["bookVersion", "3", "status", "CANCELED", "visitor", "park"]
            for live in [renamed, moved, [], Array(judged.prefix(4)), judged + ["admission", "CONFIRMED"]] {
                try await give(fixture, live: live, rebuilt: Self.booking + Self.admission)
                try await fixture.skips("CHANGED") { try await run(fixture, judged: judged) }
            }
            try await give(fixture, live: judged, rebuilt: Self.booking + Self.admission)
            try await fixture.skips("CHANGED") { try await run(fixture, judged: []) }
            #expect(try await run(fixture, judged: judged).word == "REPAIRED")
        }
    }
}
