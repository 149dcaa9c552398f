import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// museum_edit: staff change an exhibition, seats held aside.
    struct EditTests {
        private static let moved = ["", "Hall 2", "2099-12-25", "10:00", ""]

        @Test func withoutAnExhibition() async throws {
            let bench = try await Bench()
            try await bench.skips("NO_EXHIBITION") { try await bench.edit(at: 1) }
        }

        @Test func refusesInOrder() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.reserve((1, 4))
            // Stale, below what is held and different: the version comes first.
            let stale = try await bench.skips("STALE") { try await bench.edit(at: 2, capacity: 3) }
            #expect(stale.rest == [.text("1")])
            let below = try await bench.skips("BELOW_HELD") { try await bench.edit(at: 1, capacity: 3) }
            #expect(try below.rest[0].asInteger() == 4)
            let same = try await bench.skips("UNCHANGED") { try await bench.edit(at: 1) }
            #expect(try same.fields() == (try await bench.fields(bench.exhibition)))
            try await bench.delete()
            try await bench.skips("DELETED") { try await bench.edit(at: 1, capacity: 3) }
            try await bench.skips("DELETED") { try await bench.edit(at: 2) }
            #expect(try await bench.balance() == 4)
        }

        @Test func writesTheNewState() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.reserve((1, 4))
            let answer = try await bench.edit(at: 1, plan: Self.moved, capacity: 4, status: "CLOSED")
            #expect(answer.word == "CHANGED")
            let said = [
                "hall": "Hall 2", "date": "2099-12-25", "startTime": "10:00", "capacity": "4", "status": "CLOSED", "version": "2",
            ]
            let fields = try await bench.fields(bench.exhibition)
            #expect(
                fields == said.merging(["available": "0", "held": "4", "createdAt": Bench.now]) { $1 },
                "title and end are cleared")
            #expect(try answer.fields() == fields)
            #expect(try await bench.balance() == 4)
            #expect(try await bench.scores(bench.keys.exhibitions) == ["a1": "209912251000"])
            let event = try #require(try await bench.events().last)
            let named = ["eventType": "MuseumChanged", "timestamp": Bench.now, "museumId": "a1", "requestId": "r-2"]
            #expect(event == said.merging(named) { $1 })
            _ = try Event(fields: event)
            // The same words again were decided on a version that is past.
            try await bench.skips("STALE") {
                try await bench.edit(at: 1, plan: Self.moved, capacity: 4, status: "CLOSED")
            }
        }

        @Test func recordsEachMoveInTheIndexForAnHour() async throws {
            let bench = try await Bench()
            let moved = bench.keys.movedExhibitions
            try await bench.register(capacity: 10)
            let now = try await bench.lastMuseumEvent()
            // Moves of an hour ago and of a little less.
            _ = try await bench.client.send("ZADD", moved, "0", "a7:1:0-1", String(now.ms - 3_590_000), "a8:1:0-2")
            try await bench.edit(at: 1, capacity: 11)
            #expect(try await bench.scores(moved).count == 2, "an edit that moves nothing records nothing")

            var plan = Bench.plan
            plan[3] = ""
            plan[4] = ""
            try await bench.edit(at: 2, plan: plan)
            let first = try await bench.lastMuseumEvent()
            plan[2] = "2099-12-25"
            try await bench.edit(at: 3, plan: plan)
            let second = try await bench.lastMuseumEvent()
            #expect(
                try await bench.scores(moved) == [
                    "a8:1:0-2": String(now.ms - 3_590_000), "a1:\(Bench.slot):\(first.id)": String(first.ms),
                    "a1:209912240000:\(second.id)": String(second.ms),
                ])
        }

        @Test func eachFieldCounts() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            var version = 1
            for place in 0..<5 {
                var plan = Bench.plan
                plan[place] += "x"
                for plan in [plan, Bench.plan] {
                    #expect(try await bench.edit(at: version, plan: plan).word == "CHANGED", "field \(place)")
                    version += 1
                }
            }
            #expect(try await bench.edit(at: version, capacity: 11).word == "CHANGED")
            #expect(try await bench.balance() == 0)
            #expect(try await bench.edit(at: version + 1, capacity: 11, status: "CLOSED").word == "CHANGED")
            #expect(try await bench.edit(at: version + 2, capacity: 11, status: "OPEN").word == "CHANGED")
            #expect(try await bench.fields(bench.exhibition)["version"] == String(version + 3))
            #expect(try await bench.events().count == version + 3, "an event for each version")
        }

        @Test func moreSeatsAreSoldAgain() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 2)
            #expect(try await bench.reserve((1, 2), (2, 1)) == ["RESERVED 0", "SOLD_OUT 0"])
            try await bench.edit(at: 1, capacity: 3)
            #expect(try await bench.reserve((2, 1), (3, 1)) == ["RESERVED 0", "SOLD_OUT 0"])
            #expect(try await bench.balance() == 3)
        }
    }
}
