import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// record_rename, mypage_rename, mypage_remove: what the operator's commands do to a visitor's records.
    struct VisitorScriptTests {
        private let id = ScriptFixture.booking(1)

        private func addPage(_ fixture: ScriptFixture, _ number: Int, visitor: String = "kim") async throws {
            let id = ScriptFixture.booking(number)
            let booking = MyPageBooking.Booking(
                id: id, version: 1, exhibition: "a1", visitor: visitor, seats: 2, status: "REQUESTED",
                createdAt: 70 + Int64(number), updatedAt: 1)
            _ = try await fixture.run(MyPageBooking(in: fixture.keys, bookings: [booking]))
        }

        @Test func aRecordIsRenamedOnce() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.book(.record)
            let before = try await fixture.bookingFields()
            let key = fixture.keys.booking(id)
            _ = try await fixture.client.send(
                "HSET", key, "name", "Kim", "contact", "kim@example.org", "note", "a group")
            #expect(try await fixture.run(RecordRename(key, visitor: "kim", to: "forgotten-1")).word == "RENAMED")
            #expect(try await fixture.bookingFields() == before.merging(["visitor": "forgotten-1"]) { $1 }, "the version stays")
            try await fixture.skips("SKIPPED") { try await fixture.run(RecordRename(key, visitor: "kim", to: "forgotten-1")) }
            try await fixture.skips("SKIPPED") {
                try await fixture.run(
                    RecordRename(fixture.keys.booking(ScriptFixture.booking(2)), visitor: "kim", to: "forgotten-1"))
            }
        }

        private func rename(_ fixture: ScriptFixture, _ number: Int) async throws -> ScriptFixture.Answer {
            try await fixture.run(
                MyPageRename(in: fixture.keys, booking: ScriptFixture.booking(number), visitor: "kim", to: "forgotten-1"))
        }

        @Test func aPageMovesToTheOtherList() async throws {
            let fixture = try await ScriptFixture()
            try await addPage(fixture, 1)
            try await addPage(fixture, 2)
            #expect(try await rename(fixture, 2).word == "RENAMED")
            #expect(try await fixture.scores(fixture.keys.visitors) == ["kim": "0", "forgotten-1": "0"], "one is left")
            #expect(try await rename(fixture, 1).word == "RENAMED")
            #expect(try await fixture.scores(fixture.keys.visitors) == ["forgotten-1": "0"])
            #expect(try await fixture.scores(fixture.keys.pages(of: "kim")) == [:])
            #expect(
                try await fixture.scores(fixture.keys.pages(of: "forgotten-1")) == [
                    ScriptFixture.booking(1): "71", ScriptFixture.booking(2): "72",
                ])
            #expect(try await fixture.fields(fixture.keys.page(id))["visitor"] == "forgotten-1")
            try await fixture.skips("SKIPPED") { try await rename(fixture, 1) }
        }

        @Test func aHalfThatIsLeftIsRenamedToo() async throws {
            let fixture = try await ScriptFixture()
            try await addPage(fixture, 1)
            _ = try await fixture.client.send("DEL", fixture.keys.page(id))
            #expect(try await rename(fixture, 1).word == "RENAMED", "an entry on the list alone")
            #expect(try await fixture.client.send("EXISTS", fixture.keys.page(id)) == .integer(0))
            _ = try await fixture.client.send("HSET", fixture.keys.page(id), "visitor", "kim")
            #expect(try await rename(fixture, 1).word == "RENAMED", "a page alone")
            #expect(try await fixture.scores(fixture.keys.pages(of: "forgotten-1")) == [id: "71"])
        }

        private func remove(_ fixture: ScriptFixture, _ number: Int, of visitor: String = "kim") async throws
            -> ScriptFixture.Answer
        {
            try await fixture.run(
                MyPageRemove(
                    in: fixture.keys, booking: ScriptFixture.booking(number), visitor: .text(visitor), list: visitor))
        }

        @Test func aRowThatWasRenamedMeanwhileStays() async throws {
            let fixture = try await ScriptFixture()
            try await addPage(fixture, 1)
            #expect(try await rename(fixture, 1).word == "RENAMED")
            try await fixture.skips("CHANGED") { try await remove(fixture, 1) }
            try await fixture.skips("CHANGED") {
                try await fixture.run(MyPageRemove(in: fixture.keys, booking: id, visitor: "", list: nil))
            }
            #expect(try await remove(fixture, 1, of: "forgotten-1").word == "REMOVED")
            #expect(try await fixture.client.send("DBSIZE") == .integer(0))
        }

        @Test func aPageGoesAndTheLastOneTakesItsVisitorAlong() async throws {
            let fixture = try await ScriptFixture()
            try await addPage(fixture, 1)
            try await addPage(fixture, 2)
            #expect(try await remove(fixture, 1).word == "REMOVED")
            #expect(try await fixture.scores(fixture.keys.pages(of: "kim")) == [ScriptFixture.booking(2): "72"])
            #expect(try await fixture.scores(fixture.keys.visitors) == ["kim": "0"])
            try await fixture.skips("CHANGED") { try await remove(fixture, 1) }
            try await fixture.skips("ABSENT") {
                try await fixture.run(MyPageRemove(in: fixture.keys, booking: id, visitor: "", list: nil))
            }
            #expect(try await remove(fixture, 2).word == "REMOVED")
            #expect(try await fixture.client.send("DBSIZE") == .integer(0))
            #expect(try await fixture.run(MyPageRemove(in: fixture.keys, booking: id, visitor: "", list: nil)).word == "ABSENT")
        }
    }
}
