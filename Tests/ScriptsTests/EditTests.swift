import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// museum_edit: staff change an exhibition, seats held aside.
    struct EditTests {
        private static let moved = ["", "Hall 2", "2099-12-25", "10:00", ""]

        @Test func withoutAnExhibition() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("NO_EXHIBITION") { try await fixture.edit(at: 1) }
        }

        @Test func refusesInOrder() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 4))
            // Stale, below what is held and different: the version comes first.
            let stale = try await fixture.skips("STALE") { try await fixture.edit(at: 2, capacity: 3) }
            #expect(stale.rest == [.text("1")])
            let below = try await fixture.skips("BELOW_HELD") { try await fixture.edit(at: 1, capacity: 3) }
            #expect(try below.rest[0].asInteger() == 4)
            let same = try await fixture.skips("UNCHANGED") { try await fixture.edit(at: 1) }
            #expect(try same.fields() == (try await fixture.fields(fixture.exhibition)))
            try await fixture.delete()
            try await fixture.skips("DELETED") { try await fixture.edit(at: 1, capacity: 3) }
            try await fixture.skips("DELETED") { try await fixture.edit(at: 2) }
            #expect(try await fixture.balance() == 4)
        }

        @Test func writesTheNewState() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 4))
            let answer = try await fixture.edit(at: 1, plan: Self.moved, capacity: 4, status: "CLOSED")
            #expect(answer.word == "CHANGED")
            let said = [
                "hall": "Hall 2", "date": "2099-12-25", "startTime": "10:00", "capacity": "4", "status": "CLOSED", "version": "2",
            ]
            let fields = try await fixture.fields(fixture.exhibition)
            #expect(
                fields == said.merging(["available": "0", "held": "4", "createdAt": ScriptFixture.now]) { $1 },
                "title and end are cleared")
            #expect(try answer.fields() == fields)
            #expect(try await fixture.balance() == 4)
            #expect(try await fixture.scores(fixture.keys.exhibitions) == ["a1": "209912251000"])
            let event = try #require(try await fixture.events().last)
            let named = ["eventType": "MuseumChanged", "timestamp": ScriptFixture.now, "museumId": "a1", "requestId": "r-2"]
            #expect(event == said.merging(named) { $1 })
            _ = try Event(fields: event)
            // The same words again were decided on a version that is past.
            try await fixture.skips("STALE") {
                try await fixture.edit(at: 1, plan: Self.moved, capacity: 4, status: "CLOSED")
            }
        }

        @Test func recordsEachMoveInTheIndexForAnHour() async throws {
            let fixture = try await ScriptFixture()
            let moved = fixture.keys.movedExhibitions
            try await fixture.register(capacity: 10)
            let now = try await fixture.lastMuseumEvent()
            // Moves of an hour ago and of a little less.
            _ = try await fixture.client.send("ZADD", moved, "0", "a7:1:0-1", String(now.ms - 3_590_000), "a8:1:0-2")
            try await fixture.edit(at: 1, capacity: 11)
            #expect(try await fixture.scores(moved).count == 2, "an edit that moves nothing records nothing")

            var plan = ScriptFixture.plan
            plan[3] = ""
            plan[4] = ""
            try await fixture.edit(at: 2, plan: plan)
            let first = try await fixture.lastMuseumEvent()
            plan[2] = "2099-12-25"
            try await fixture.edit(at: 3, plan: plan)
            let second = try await fixture.lastMuseumEvent()
            #expect(
                try await fixture.scores(moved) == [
                    "a8:1:0-2": String(now.ms - 3_590_000), "a1:\(ScriptFixture.slot):\(first.id)": String(first.ms),
                    "a1:209912240000:\(second.id)": String(second.ms),
                ])
        }

        @Test func eachFieldCounts() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            var version = 1
            for place in 0..<5 {
                var plan = ScriptFixture.plan
                plan[place] += "x"
                for plan in [plan, ScriptFixture.plan] {
                    #expect(try await fixture.edit(at: version, plan: plan).word == "CHANGED", "field \(place)")
                    version += 1
                }
            }
            #expect(try await fixture.edit(at: version, capacity: 11).word == "CHANGED")
            #expect(try await fixture.balance() == 0)
            #expect(try await fixture.edit(at: version + 1, capacity: 11, status: "CLOSED").word == "CHANGED")
            #expect(try await fixture.edit(at: version + 2, capacity: 11, status: "OPEN").word == "CHANGED")
            #expect(try await fixture.fields(fixture.exhibition)["version"] == String(version + 3))
            #expect(try await fixture.events().count == version + 3, "an event for each version")
        }

        @Test func moreSeatsAreSoldAgain() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 2)
            #expect(try await fixture.reserve((1, 2), (2, 1)) == ["RESERVED 0", "SOLD_OUT 0"])
            try await fixture.edit(at: 1, capacity: 3)
            #expect(try await fixture.reserve((2, 1), (3, 1)) == ["RESERVED 0", "SOLD_OUT 0"])
            #expect(try await fixture.balance() == 3)
        }
    }
}
