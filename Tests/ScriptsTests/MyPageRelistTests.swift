import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// mypage_relist: an entry of a visitor's list is as its row has it now, not as it was when somebody looked.
    struct MyPageRelistTests {
        private let id = Bench.booking(1)

        private func run(_ bench: Bench, _ visitor: String = "kim", has: String, due: String) async throws -> Bench.Answer {
            try await bench.run(
                Scripts.myPageRelist, [bench.keys.pages(of: visitor), bench.keys.visitors, bench.keys.page(id)],
                [visitor, id, has, due])
        }

        private func addRow(_ bench: Bench, visitor: String = "kim", status: String = "REQUESTED") async throws {
            _ = try await bench.client.send(
                "HSET", bench.keys.page(id), "visitor", visitor, "status", status, "createdAt", "77", "bookVersion", "1")
        }

        @Test func addsWhatIsMissingAndItsVisitor() async throws {
            let bench = try await Bench()
            try await addRow(bench)
            #expect(try await run(bench, has: "", due: "77").word == "REPAIRED")
            #expect(try await bench.scores(bench.keys.pages(of: "kim")) == [id: "77"])
            #expect(try await bench.scores(bench.keys.visitors) == ["kim": "0"])
            try await bench.skips("SAME") { try await run(bench, has: "77", due: "77") }
            _ = try await bench.client.send("ZADD", bench.keys.pages(of: "kim"), "5", id)
            #expect(try await run(bench, has: "5", due: "77").word == "REPAIRED")
            #expect(try await bench.scores(bench.keys.pages(of: "kim")) == [id: "77"])
        }

        @Test func removesWhatDoesNotBelongAndTheLastOnesVisitor() async throws {
            let bench = try await Bench()
            try await addRow(bench, visitor: "lee")
            _ = try await bench.client.send("ZADD", bench.keys.pages(of: "kim"), "77", id)
            _ = try await bench.client.send("ZADD", bench.keys.visitors, "0", "kim")
            #expect(try await run(bench, has: "77", due: "").word == "REPAIRED")
            #expect(try await bench.scores(bench.keys.pages(of: "kim")) == [:])
            #expect(try await bench.scores(bench.keys.visitors) == [:])
        }

        /// Nothing that forget, purge or a consumer has taken away since comes back.
        @Test func aRowThatHasGoneIsNotListedAgain() async throws {
            let bench = try await Bench()
            try await bench.skips("CHANGED") { try await run(bench, has: "", due: "77") }
            try await addRow(bench, visitor: "forgotten-1")
            try await bench.skips("CHANGED") { try await run(bench, has: "", due: "77") }
            try await addRow(bench, status: "ABORTED")
            try await bench.skips("CHANGED") { try await run(bench, has: "", due: "77") }
            try await addRow(bench)
            try await bench.skips("CHANGED") { try await run(bench, has: "", due: "76") }
            try await bench.skips("CHANGED") { try await run(bench, has: "5", due: "77") }
        }

        @Test func anEntryWhoseRowIsThereStays() async throws {
            let bench = try await Bench()
            try await addRow(bench)
            _ = try await run(bench, has: "", due: "77")
            try await bench.skips("CHANGED") { try await run(bench, has: "77", due: "") }
        }

        /// Whatever a list may hold, no key of another kind is taken for a row.
        @Test func aStrangeEntryGoes() async throws {
            let bench = try await Bench()
            _ = try await bench.client.send("ZADD", bench.keys.pages(of: "kim"), "77", "visitors")
            let answer = try await bench.run(
                Scripts.myPageRelist, [bench.keys.pages(of: "kim"), bench.keys.visitors, bench.keys.page("visitors")],
                ["kim", "visitors", "77", ""])
            #expect(answer.word == "REPAIRED")
            #expect(try await bench.client.send("DBSIZE") == .integer(0))
        }

        @Test func aVisitorIsKnownWhoHasBookings() async throws {
            let bench = try await Bench()
            func run() async throws -> Bench.Answer {
                try await bench.run(Scripts.myPageRelist, [bench.keys.pages(of: "kim"), bench.keys.visitors], ["kim"])
            }
            try await bench.skips("SAME") { try await run() }
            _ = try await bench.client.send("ZADD", bench.keys.pages(of: "kim"), "77", id)
            #expect(try await run().word == "REPAIRED")
            _ = try await bench.client.send("ZADD", bench.keys.visitors, "9", "kim")
            #expect(try await run().word == "REPAIRED")
            #expect(try await bench.scores(bench.keys.visitors) == ["kim": "0"])
            _ = try await bench.client.send("DEL", bench.keys.pages(of: "kim"))
            #expect(try await run().word == "REPAIRED")
            #expect(try await bench.client.send("DBSIZE") == .integer(0))
        }
    }

    /// museum_maintenance: the lock is changed by whoever knows what it is.
    struct MaintenanceScriptTests {
        private func replace(_ bench: Bench, _ present: String, _ value: String) async throws -> Bench.Answer {
            try await bench.run(Scripts.museumMaintenance, [Keys.maintenance], [present, value])
        }

        @Test func oneTakesItAndReleasesIt() async throws {
            let bench = try await Bench()
            #expect(try await replace(bench, "", "one").word == "REPLACED")
            #expect(try await bench.skips("CHANGED") { try await replace(bench, "", "two") }.rest == [.text("one")])
            try await bench.skips("CHANGED") { try await replace(bench, "two", "") }
            #expect(try await replace(bench, "one", "two").word == "REPLACED", "taken over")
            try await bench.skips("CHANGED") { try await replace(bench, "one", "three") }
            #expect(try await replace(bench, "two", "").word == "REPLACED")
            #expect(try await bench.skips("CHANGED") { try await replace(bench, "two", "") }.rest == [.text("")])
            #expect(try await bench.client.send("DBSIZE") == .integer(0))
        }
    }
}
