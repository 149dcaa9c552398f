import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// record_rename, mypage_rename, mypage_remove: what the operator's commands do to a visitor's records.
    struct VisitorScriptTests {
        private let id = Bench.booking(1)

        private func addPage(_ bench: Bench, _ number: Int, visitor: String = "kim") async throws {
            let id = Bench.booking(number)
            _ = try await bench.run(
                Scripts.myPageApply, [bench.keys.page(id), bench.keys.pages(of: visitor), bench.keys.visitors],
                ["bookVersion", "1", id, "7\(number)", visitor, "visitor", visitor, "seats", "2"])
        }

        @Test func aRecordIsRenamedOnce() async throws {
            let bench = try await Bench()
            try await bench.book(.record)
            let before = try await bench.bookingFields()
            let key = bench.keys.booking(id)
            #expect(try await bench.run(Scripts.recordRename, [key], ["kim", "forgotten-1"]).word == "RENAMED")
            #expect(try await bench.bookingFields() == before.merging(["visitor": "forgotten-1"]) { $1 }, "the version stays")
            try await bench.skips("SKIPPED") { try await bench.run(Scripts.recordRename, [key], ["kim", "forgotten-1"]) }
            try await bench.skips("SKIPPED") {
                try await bench.run(Scripts.recordRename, [bench.keys.booking(Bench.booking(2))], ["kim", "forgotten-1"])
            }
        }

        private func rename(_ bench: Bench, _ number: Int) async throws -> Bench.Answer {
            let id = Bench.booking(number)
            return try await bench.run(
                Scripts.myPageRename,
                [bench.keys.page(id), bench.keys.pages(of: "kim"), bench.keys.pages(of: "forgotten-1"), bench.keys.visitors],
                [id, "kim", "forgotten-1"])
        }

        @Test func aPageMovesToTheOtherList() async throws {
            let bench = try await Bench()
            try await addPage(bench, 1)
            try await addPage(bench, 2)
            #expect(try await rename(bench, 2).word == "RENAMED")
            #expect(try await bench.scores(bench.keys.visitors) == ["kim": "0", "forgotten-1": "0"], "one is left")
            #expect(try await rename(bench, 1).word == "RENAMED")
            #expect(try await bench.scores(bench.keys.visitors) == ["forgotten-1": "0"])
            #expect(try await bench.scores(bench.keys.pages(of: "kim")) == [:])
            #expect(
                try await bench.scores(bench.keys.pages(of: "forgotten-1")) == [Bench.booking(1): "71", Bench.booking(2): "72"])
            #expect(try await bench.fields(bench.keys.page(id))["visitor"] == "forgotten-1")
            try await bench.skips("SKIPPED") { try await rename(bench, 1) }
        }

        @Test func aHalfThatIsLeftIsRenamedToo() async throws {
            let bench = try await Bench()
            try await addPage(bench, 1)
            _ = try await bench.client.send("DEL", bench.keys.page(id))
            #expect(try await rename(bench, 1).word == "RENAMED", "an entry on the list alone")
            #expect(try await bench.client.send("EXISTS", bench.keys.page(id)) == .integer(0))
            _ = try await bench.client.send("HSET", bench.keys.page(id), "visitor", "kim")
            #expect(try await rename(bench, 1).word == "RENAMED", "a page alone")
            #expect(try await bench.scores(bench.keys.pages(of: "forgotten-1")) == [id: "71"])
        }

        private func remove(_ bench: Bench, _ number: Int) async throws -> Bench.Answer {
            let id = Bench.booking(number)
            return try await bench.run(
                Scripts.myPageRemove, [bench.keys.page(id), bench.keys.pages(of: "kim"), bench.keys.visitors], [id, "kim"])
        }

        @Test func aPageGoesAndTheLastOneTakesItsVisitorAlong() async throws {
            let bench = try await Bench()
            try await addPage(bench, 1)
            try await addPage(bench, 2)
            #expect(try await remove(bench, 1).word == "REMOVED")
            #expect(try await bench.scores(bench.keys.pages(of: "kim")) == [Bench.booking(2): "72"])
            #expect(try await bench.scores(bench.keys.visitors) == ["kim": "0"])
            try await bench.skips("ABSENT") { try await remove(bench, 1) }
            #expect(try await remove(bench, 2).word == "REMOVED")
            #expect(try await bench.client.send("DBSIZE") == .integer(0))
            #expect(try await bench.run(Scripts.myPageRemove, [bench.keys.page(id)], [id, ""]).word == "ABSENT")
        }
    }

    /// museum_purge: seats by seats, then the exhibition itself.
    struct MuseumPurgeTests {
        private func purge(_ bench: Bench, version: String = "2", cursor: String = "0") async throws -> Bench.Answer {
            try await bench.run(
                Scripts.museumPurge,
                [bench.exhibition, bench.seats, bench.keys.exhibitions, bench.keys.deletedExhibitions, bench.keys.revoking],
                [Bench.exhibition, version, cursor])
        }

        @Test func onlyWhatIsClosedAndUnchanged() async throws {
            let bench = try await Bench()
            try await bench.skips("GONE") { try await purge(bench) }
            try await bench.register(capacity: 2000)
            try await bench.reserve((1, 2))
            try await bench.skips("CHANGED") { try await purge(bench, version: "1") }
            try await bench.edit(at: 1, capacity: 2000, status: "CLOSED")
            try await bench.skips("CHANGED") { try await purge(bench, version: "1") }
        }

        @Test func addsUpAfterEachStepAndEndsWithNothing() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 2000)
            for start in stride(from: 1, through: 960, by: 64) {
                try await bench.reserve((start..<start + 64).map { (booking: $0, seats: 2) })
            }
            try await bench.release(3)
            try await bench.edit(at: 1, capacity: 2000, status: "CLOSED")
            let events = try await bench.events().count
            var held = try await bench.balance()
            var cursor = "0"
            var steps = 0
            while true {
                let answer = try await purge(bench, cursor: cursor)
                guard answer.word == "MORE" else {
                    #expect(answer.word == "PURGED")
                    break
                }
                let now = try await bench.balance()
                #expect(now <= held)
                held = now
                steps += 1
                // Killed now and then, it begins at the beginning.
                cursor = steps % 3 == 0 ? "0" : try answer.rest[0].asText()
                try #require(steps < 100)
            }
            #expect(steps > 3)
            #expect(try await bench.events().count == events, "nobody is left who could be told")
            #expect(try await bench.client.send("KEYS", "*") == .array([.text(bench.museumEvents)]))
            try await bench.skips("GONE") { try await purge(bench) }
            #expect(try await bench.reserve((1, 2)) == ["NO_EXHIBITION 0"])
        }
    }

    /// mypage_switch: each half from the side that is newer, on equal versions from the rebuilt one.
    struct MyPageSwitchTests {
        private let id = Bench.booking(1)

        private func give(_ bench: Bench, live: [String], rebuilt: [String]) async throws {
            _ = try await bench.client.send("DEL", bench.keys.page(id), bench.keys.rebuilt.page(id))
            for (key, fields) in [(bench.keys.page(id), live), (bench.keys.rebuilt.page(id), rebuilt)] where !fields.isEmpty {
                _ = try await bench.client.send(Command(["HSET", key] + fields))
            }
        }

        private func run(_ bench: Bench, untold: [String] = ["", ""]) async throws -> Bench.Answer {
            try await bench.run(
                Scripts.myPageSwitch, [bench.keys.page(id), bench.keys.rebuilt.page(id)], ["bookVersion"] + untold)
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
            #expect(try await run(bench).word == "SWITCHED")
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
                #expect(try await run(bench).word == "SWITCHED", "\(live)")
                #expect(try await bench.fields(bench.keys.page(id)) == fields(Self.booking + Self.admission), "\(live)")
            }
        }

        @Test func aVersionThatNoEventToldOfIsReplacedUnlessItHasMovedOn() async throws {
            let bench = try await Bench()
            let invented = ["bookVersion", "9", "status", "CANCELED"]
            try await give(bench, live: invented + Self.admission, rebuilt: Self.booking + Self.admission)
            try await bench.skips("SAME") { try await run(bench, untold: ["8", ""]) }
            #expect(try await run(bench, untold: ["9", ""]).word == "SWITCHED")
            #expect(try await bench.fields(bench.keys.page(id)) == fields(Self.booking + Self.admission))
            try await give(bench, live: invented + Self.admission, rebuilt: [])
            #expect(try await run(bench, untold: ["9", "1"]).word == "SWITCHED")
            #expect(try await bench.client.send("EXISTS", bench.keys.page(id)) == .integer(0), "a row that nobody booked")
        }
    }
}
