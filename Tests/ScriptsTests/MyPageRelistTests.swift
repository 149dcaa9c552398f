import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// mypage_relist: an entry of a visitor's list is as its row has it now, not as it was when somebody looked.
    struct MyPageRelistTests {
        private let id = ScriptFixture.booking(1)

        private func run(_ fixture: ScriptFixture, _ visitor: String = "kim", has: String, due: String) async throws
            -> ScriptFixture.Answer
        {
            try await fixture.run(
                MyPageRelist.script, [fixture.keys.pages(of: visitor), fixture.keys.visitors, fixture.keys.page(id)],
                [visitor, id, has, due])
        }

        private func addRow(_ fixture: ScriptFixture, visitor: String = "kim", status: String = "REQUESTED") async throws {
            _ = try await fixture.client.send(
                "HSET", fixture.keys.page(id), "visitor", visitor, "status", status, "createdAt", "77", "bookVersion", "1")
        }

        @Test func addsWhatIsMissingAndItsVisitor() async throws {
            let fixture = try await ScriptFixture()
            try await addRow(fixture)
            #expect(try await run(fixture, has: "", due: "77").word == "REPAIRED")
            #expect(try await fixture.scores(fixture.keys.pages(of: "kim")) == [id: "77"])
            #expect(try await fixture.scores(fixture.keys.visitors) == ["kim": "0"])
            try await fixture.skips("SAME") { try await run(fixture, has: "77", due: "77") }
            _ = try await fixture.client.send("ZADD", fixture.keys.pages(of: "kim"), "5", id)
            #expect(try await run(fixture, has: "5", due: "77").word == "REPAIRED")
            #expect(try await fixture.scores(fixture.keys.pages(of: "kim")) == [id: "77"])
        }

        @Test func removesWhatDoesNotBelongAndTheLastOnesVisitor() async throws {
            let fixture = try await ScriptFixture()
            try await addRow(fixture, visitor: "lee")
            _ = try await fixture.client.send("ZADD", fixture.keys.pages(of: "kim"), "77", id)
            _ = try await fixture.client.send("ZADD", fixture.keys.visitors, "0", "kim")
            #expect(try await run(fixture, has: "77", due: "").word == "REPAIRED")
            #expect(try await fixture.scores(fixture.keys.pages(of: "kim")) == [:])
            #expect(try await fixture.scores(fixture.keys.visitors) == [:])
        }

        /// Nothing that forget, purge or a consumer has taken away since comes back.
        @Test func aRowThatHasGoneIsNotListedAgain() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("CHANGED") { try await run(fixture, has: "", due: "77") }
            try await addRow(fixture, visitor: "forgotten-1")
            try await fixture.skips("CHANGED") { try await run(fixture, has: "", due: "77") }
            try await addRow(fixture, status: "ABORTED")
            try await fixture.skips("CHANGED") { try await run(fixture, has: "", due: "77") }
            try await addRow(fixture)
            try await fixture.skips("CHANGED") { try await run(fixture, has: "", due: "76") }
            try await fixture.skips("CHANGED") { try await run(fixture, has: "5", due: "77") }
        }

        @Test func anEntryWhoseRowIsThereStays() async throws {
            let fixture = try await ScriptFixture()
            try await addRow(fixture)
            _ = try await run(fixture, has: "", due: "77")
            try await fixture.skips("CHANGED") { try await run(fixture, has: "77", due: "") }
        }

        /// Whatever a list may hold, no key of another kind is taken for a row.
        @Test func aStrangeEntryGoes() async throws {
            let fixture = try await ScriptFixture()
            _ = try await fixture.client.send("ZADD", fixture.keys.pages(of: "kim"), "77", "visitors")
            let answer = try await fixture.run(
                MyPageRelist.script, [fixture.keys.pages(of: "kim"), fixture.keys.visitors, fixture.keys.page("visitors")],
                ["kim", "visitors", "77", ""])
            #expect(answer.word == "REPAIRED")
            #expect(try await fixture.client.send("DBSIZE") == .integer(0))
        }

        @Test func aVisitorIsKnownWhoHasBookings() async throws {
            let fixture = try await ScriptFixture()
            func run() async throws -> ScriptFixture.Answer {
                try await fixture.run(MyPageRelist.script, [fixture.keys.pages(of: "kim"), fixture.keys.visitors], ["kim"])
            }
            try await fixture.skips("SAME") { try await run() }
            _ = try await fixture.client.send("ZADD", fixture.keys.pages(of: "kim"), "77", id)
            #expect(try await run().word == "REPAIRED")
            _ = try await fixture.client.send("ZADD", fixture.keys.visitors, "9", "kim")
            #expect(try await run().word == "REPAIRED")
            #expect(try await fixture.scores(fixture.keys.visitors) == ["kim": "0"])
            _ = try await fixture.client.send("DEL", fixture.keys.pages(of: "kim"))
            #expect(try await run().word == "REPAIRED")
            #expect(try await fixture.client.send("DBSIZE") == .integer(0))
        }
    }

    /// museum_maintenance: the lock is changed by whoever knows what it is.
    struct MaintenanceScriptTests {
        private func replace(_ fixture: ScriptFixture, _ present: String, _ value: String) async throws -> ScriptFixture.Answer {
            try await fixture.run(MuseumMaintenance(present: present, value: value))
        }

        @Test func oneTakesItAndReleasesIt() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await replace(fixture, "", "one").word == "REPLACED")
            #expect(try await fixture.skips("CHANGED") { try await replace(fixture, "", "two") }.rest == [.text("one")])
            try await fixture.skips("CHANGED") { try await replace(fixture, "two", "") }
            #expect(try await replace(fixture, "one", "two").word == "REPLACED", "taken over")
            try await fixture.skips("CHANGED") { try await replace(fixture, "one", "three") }
            #expect(try await replace(fixture, "two", "").word == "REPLACED")
            #expect(try await fixture.skips("CHANGED") { try await replace(fixture, "two", "") }.rest == [.text("")])
            #expect(try await fixture.client.send("DBSIZE") == .integer(0))
        }
    }
}
