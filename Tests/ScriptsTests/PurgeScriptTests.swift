import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// museum_retire, book_purge, museum_purge: an exhibition leaves for good, in steps that each judge for themselves.
    struct PurgeScriptTests {
        private static let days = (before: "2099-12-26", previous: "2099-12-25")

        @discardableResult
        private func retire(_ fixture: ScriptFixture) async throws -> ScriptFixture.Answer {
            try await fixture.retire(before: Self.days.before, after: Self.days.previous)
        }

        @Test func theDateIsJudgedWhereItIsRetired() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("NO_EXHIBITION") { try await retire(fixture) }
            try await fixture.register(capacity: 10)
            for day in [("2099-12-24", "2099-12-23"), ("2099-12-01", "2099-11-30"), ("2000-01-01", "1999-12-31")] {
                try await fixture.skips("NOT_OVER") { try await fixture.retire(before: day.0, after: day.1) }
            }
            // Staff postpone it between the operator's look and the step.
            var plan = ScriptFixture.plan
            plan[2] = Self.days.before
            try await fixture.edit(at: 1, plan: plan)
            try await fixture.skips("NOT_OVER") { try await retire(fixture) }
            plan[2] = Self.days.previous
            try await fixture.edit(at: 2, plan: plan)
            #expect(try await retire(fixture).word == "RETIRED")
        }

        @Test(arguments: [("22:00", "02:00"), ("22:00", "22:00")])
        func anEndAfterMidnightIsTheNextDays(start: String, end: String) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(plan: ["", "Hall 1", Self.days.previous, start, end])
            try await fixture.skips("NOT_OVER") { try await retire(fixture) }
            #expect(try await fixture.retire(before: "2099-12-27", after: "2099-12-26").word == "RETIRED")
        }

        @Test(arguments: ["OPEN", "CLOSED"])
        func whatIsRetiredIsFinal(status: String) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 4))
            if status == "CLOSED" { try await fixture.edit(at: 1, status: status) }
            let before = try await fixture.fields(fixture.exhibition)
            let version = status == "CLOSED" ? "3" : "2"
            let retired = try await retire(fixture)
            #expect(retired.word == "RETIRED" && retired.rest == [.text(version)])
            let expected = before.merging(["status": "DELETED", "version": version, "purging": "1"]) { $1 }
            #expect(try await fixture.fields(fixture.exhibition) == expected)
            #expect(try await fixture.scores(fixture.keys.exhibitions) == [:])
            #expect(try await fixture.scores(fixture.keys.deletedExhibitions) == ["a1": ScriptFixture.slot])
            #expect(
                try await fixture.client.send("EXISTS", fixture.keys.revoking) == .integer(0), "no force-cancel is on its way")
            let event = try #require(try await fixture.events().last)
            #expect(event["eventType"] == "MuseumDeleted" && event["version"] == version && event["date"] == "2099-12-24")
            _ = try Event(fields: event)
            #expect(try await fixture.balance() == 4)

            try await fixture.skips("DELETED") { try await fixture.edit(at: 1) }
            try await fixture.skips("DELETED") { try await fixture.edit(at: Int(version)!, status: "OPEN") }
            try await fixture.skips("ALREADY") { try await fixture.delete() }
            #expect(try await fixture.reserve((2, 1)) == ["DELETED 6"])
            // Again, also by a run that asks for an earlier day: it goes on.
            try await fixture.skips("RETIRED") { try await fixture.retire(before: "2000-01-01", after: "1999-12-31") }
        }

        @Test func whatStaffHaveDeletedFirstGetsItsSeatsBack() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 4))
            try await fixture.delete()
            let revoking = try await fixture.skips("REVOKING") { try await retire(fixture) }
            #expect(revoking.rest == [.text("4")])
            try await fixture.skips("NOT_OVER") { try await fixture.retire(before: "2099-12-24", after: "2099-12-23") }
            while try await fixture.revoke().word == "MORE" {}
            let events = try await fixture.events().count
            #expect(try await retire(fixture) == retire(fixture), "and again")
            #expect(try await fixture.fields(fixture.exhibition)["purging"] == "1")
            #expect(try await fixture.events().count == events, "deleted it was before")
        }

        private func removeBookings(_ fixture: ScriptFixture, _ numbers: [Int], version: String = "2") async throws
            -> ScriptFixture.Answer
        {
            try await fixture.run(
                BookPurge(in: fixture.keys, exhibition: "a1", version: version, bookings: numbers.map(ScriptFixture.booking)))
        }

        @Test func bookingsGoOnlyWhenTheExhibitionIsRetired() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("CHANGED") { try await removeBookings(fixture, [1]) }
            try await fixture.register(capacity: 10)
            for number in 1...3 { try await fixture.book(.record, number) }
            try await fixture.skips("CHANGED") { try await removeBookings(fixture, [1], version: "1") }
            try await retire(fixture)
            try await fixture.skips("CHANGED") { try await removeBookings(fixture, [1], version: "1") }
            let events = try await fixture.events(of: "book").count
            #expect(try await removeBookings(fixture, [1, 2]).word == "REMOVED")
            #expect(try await fixture.scores(fixture.keys.bookings(of: "a1")).keys.sorted() == [ScriptFixture.booking(3)])
            #expect(try await fixture.scores(fixture.keys.exhibitionsWithBookings) == ["a1": "0"])
            #expect(try await removeBookings(fixture, [3]).word == "REMOVED")
            #expect(try await fixture.client.send("KEYS", "book:*") == .array([.text(fixture.bookEvents)]))
            #expect(try await fixture.events(of: "book").count == events)
            try await fixture.skips("REMOVED") { try await removeBookings(fixture, []) }
        }

        private func purge(_ fixture: ScriptFixture, version: String = "2", cursor: String = "0") async throws
            -> ScriptFixture.Answer
        {
            try await fixture.run(
                MuseumPurge(in: fixture.keys, exhibition: ScriptFixture.exhibition, version: version, cursor: cursor))
        }

        @Test func theIdempotencyKeyGoesWithItsExhibition() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(key: ("spring", "0123"))
            try await fixture.register(id: "a2", key: ("autumn", "4567"))
            try await retire(fixture)
            #expect(try await purge(fixture).word == "PURGED")
            #expect(try await fixture.fields(fixture.keys.registrationKeys) == ["autumn": "a2 4567"])
        }

        /// As long as one of a file is there, its key registers none of them again.
        @Test func theKeyOfSeveralGoesWithTheLast() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(["a2", "a1", "a3"], key: ("file", "0123"))
            var left = ["a2", "a1", "a3"]
            for id in ["a1", "a3", "a2"] {
                _ = try await fixture.run(
                    MuseumRetire(
                        in: fixture.keys, now: ScriptFixture.moment, exhibition: id, day: "2100-01-01", previousDay: "2099-12-31")
                )
                let call = MuseumPurge(in: fixture.keys, exhibition: id, version: "2", cursor: "0")
                #expect(try await fixture.run(call).word == "PURGED")
                left.removeAll { $0 == id }
                let entry = left.isEmpty ? [:] : ["file": left.joined(separator: ",") + " 0123"]
                #expect(try await fixture.fields(fixture.keys.registrationKeys) == entry)
            }
        }

        @Test func seatsGoOnlyWhenTheExhibitionIsRetired() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("GONE") { try await purge(fixture) }
            try await fixture.register(capacity: 2000)
            try await fixture.reserve((1, 2))
            try await fixture.skips("CHANGED") { try await purge(fixture, version: "1") }
            try await fixture.edit(at: 1, capacity: 2000, status: "CLOSED")
            try await fixture.skips("CHANGED") { try await purge(fixture, version: "2") }
            try await retire(fixture)
            try await fixture.skips("CHANGED") { try await purge(fixture, version: "2") }
            #expect(try await purge(fixture, version: "3").word == "MORE")
        }

        @Test func addsUpAfterEachStepAndEndsWithNothing() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 2000)
            for start in stride(from: 1, through: 960, by: 64) {
                try await fixture.reserve((start..<start + 64).map { (booking: $0, seats: 2) })
            }
            try await fixture.release(3)
            try await retire(fixture)
            let events = try await fixture.events().count
            var held = try await fixture.balance()
            var cursor = "0"
            var steps = 0
            while true {
                let answer = try await purge(fixture, cursor: cursor)
                guard answer.word == "MORE" else {
                    #expect(answer.word == "PURGED")
                    break
                }
                let now = try await fixture.balance()
                #expect(now <= held)
                held = now
                steps += 1
                // Killed now and then, it begins at the beginning.
                cursor = steps % 3 == 0 ? "0" : try answer.rest[0].asText()
                try #require(steps < 100)
            }
            #expect(steps > 3)
            #expect(try await fixture.events().count == events, "nobody is left who could be told")
            #expect(try await fixture.client.send("KEYS", "*") == .array([.text(fixture.museumEvents)]))
            try await fixture.skips("GONE") { try await purge(fixture) }
            #expect(try await fixture.reserve((1, 2)) == ["NO_EXHIBITION 0"])
        }
    }
}
