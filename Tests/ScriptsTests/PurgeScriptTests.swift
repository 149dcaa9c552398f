import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// museum_retire, book_purge, museum_purge: an exhibition leaves for good, in steps that each judge for themselves.
    struct PurgeScriptTests {
        private static let days = (before: "2099-12-26", previous: "2099-12-25")

        @discardableResult
        private func retire(_ bench: Bench) async throws -> Bench.Answer {
            try await bench.retire(before: Self.days.before, after: Self.days.previous)
        }

        @Test func theDateIsJudgedWhereItIsRetired() async throws {
            let bench = try await Bench()
            try await bench.skips("NO_EXHIBITION") { try await retire(bench) }
            try await bench.register(capacity: 10)
            for day in [("2099-12-24", "2099-12-23"), ("2099-12-01", "2099-11-30"), ("2000-01-01", "1999-12-31")] {
                try await bench.skips("NOT_OVER") { try await bench.retire(before: day.0, after: day.1) }
            }
            // Staff postpone it between the operator's look and the step.
            var plan = Bench.plan
            plan[2] = Self.days.before
            try await bench.edit(at: 1, plan: plan)
            try await bench.skips("NOT_OVER") { try await retire(bench) }
            plan[2] = Self.days.previous
            try await bench.edit(at: 2, plan: plan)
            #expect(try await retire(bench).word == "RETIRED")
        }

        @Test(arguments: [("22:00", "02:00"), ("22:00", "22:00")])
        func anEndAfterMidnightIsTheNextDays(start: String, end: String) async throws {
            let bench = try await Bench()
            try await bench.register(plan: ["", "Hall 1", Self.days.previous, start, end])
            try await bench.skips("NOT_OVER") { try await retire(bench) }
            #expect(try await bench.retire(before: "2099-12-27", after: "2099-12-26").word == "RETIRED")
        }

        @Test(arguments: ["OPEN", "CLOSED"])
        func whatIsRetiredIsFinal(status: String) async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.reserve((1, 4))
            if status == "CLOSED" { try await bench.edit(at: 1, status: status) }
            let before = try await bench.fields(bench.exhibition)
            let version = status == "CLOSED" ? "3" : "2"
            let retired = try await retire(bench)
            #expect(retired.word == "RETIRED" && retired.rest == [.text(version)])
            let expected = before.merging(["status": "DELETED", "version": version, "purging": "1"]) { $1 }
            #expect(try await bench.fields(bench.exhibition) == expected)
            #expect(try await bench.scores(bench.keys.exhibitions) == [:])
            #expect(try await bench.scores(bench.keys.deletedExhibitions) == ["a1": Bench.slot])
            #expect(try await bench.client.send("EXISTS", bench.keys.revoking) == .integer(0), "no force-cancel is on its way")
            let event = try #require(try await bench.events().last)
            #expect(event["eventType"] == "MuseumDeleted" && event["version"] == version && event["date"] == "2099-12-24")
            _ = try Event(fields: event)
            #expect(try await bench.balance() == 4)

            try await bench.skips("DELETED") { try await bench.edit(at: 1) }
            try await bench.skips("DELETED") { try await bench.edit(at: Int(version)!, status: "OPEN") }
            try await bench.skips("ALREADY") { try await bench.delete() }
            #expect(try await bench.reserve((2, 1)) == ["DELETED 6"])
            // Again, also by a run that asks for an earlier day: it goes on.
            try await bench.skips("RETIRED") { try await bench.retire(before: "2000-01-01", after: "1999-12-31") }
        }

        @Test func whatStaffHaveDeletedFirstGetsItsSeatsBack() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.reserve((1, 4))
            try await bench.delete()
            let revoking = try await bench.skips("REVOKING") { try await retire(bench) }
            #expect(revoking.rest == [.text("4")])
            try await bench.skips("NOT_OVER") { try await bench.retire(before: "2099-12-24", after: "2099-12-23") }
            while try await bench.revoke().word == "MORE" {}
            let events = try await bench.events().count
            #expect(try await retire(bench) == retire(bench), "and again")
            #expect(try await bench.fields(bench.exhibition)["purging"] == "1")
            #expect(try await bench.events().count == events, "deleted it was before")
        }

        private func removeBookings(_ bench: Bench, _ numbers: [Int], version: String = "2") async throws -> Bench.Answer {
            let ids = numbers.map(Bench.booking)
            return try await bench.run(
                Scripts.bookPurge,
                [bench.exhibition, bench.keys.bookings(of: "a1"), bench.keys.exhibitionsWithBookings]
                    + ids.map(bench.keys.booking),
                ["a1", version] + ids)
        }

        @Test func bookingsGoOnlyWhenTheExhibitionIsRetired() async throws {
            let bench = try await Bench()
            try await bench.skips("CHANGED") { try await removeBookings(bench, [1]) }
            try await bench.register(capacity: 10)
            for number in 1...3 { try await bench.book(.record, number) }
            try await bench.skips("CHANGED") { try await removeBookings(bench, [1], version: "1") }
            try await retire(bench)
            try await bench.skips("CHANGED") { try await removeBookings(bench, [1], version: "1") }
            let events = try await bench.events(of: "book").count
            #expect(try await removeBookings(bench, [1, 2]).word == "REMOVED")
            #expect(try await bench.scores(bench.keys.bookings(of: "a1")).keys.sorted() == [Bench.booking(3)])
            #expect(try await bench.scores(bench.keys.exhibitionsWithBookings) == ["a1": "0"])
            #expect(try await removeBookings(bench, [3]).word == "REMOVED")
            #expect(try await bench.client.send("KEYS", "book:*") == .array([.text(bench.bookEvents)]))
            #expect(try await bench.events(of: "book").count == events)
            try await bench.skips("REMOVED") { try await removeBookings(bench, []) }
        }

        private func purge(_ bench: Bench, version: String = "2", cursor: String = "0") async throws -> Bench.Answer {
            try await bench.run(
                Scripts.museumPurge,
                [
                    bench.exhibition, bench.seats, bench.keys.exhibitions, bench.keys.deletedExhibitions, bench.keys.revoking,
                    bench.keys.registrationKeys,
                ],
                [Bench.exhibition, version, cursor])
        }

        @Test func theIdempotencyKeyGoesWithItsExhibition() async throws {
            let bench = try await Bench()
            try await bench.register(key: ("spring", "0123"))
            try await bench.register(id: "a2", key: ("autumn", "4567"))
            try await retire(bench)
            #expect(try await purge(bench).word == "PURGED")
            #expect(try await bench.fields(bench.keys.registrationKeys) == ["autumn": "a2 4567"])
        }

        @Test func seatsGoOnlyWhenTheExhibitionIsRetired() async throws {
            let bench = try await Bench()
            try await bench.skips("GONE") { try await purge(bench) }
            try await bench.register(capacity: 2000)
            try await bench.reserve((1, 2))
            try await bench.skips("CHANGED") { try await purge(bench, version: "1") }
            try await bench.edit(at: 1, capacity: 2000, status: "CLOSED")
            try await bench.skips("CHANGED") { try await purge(bench, version: "2") }
            try await retire(bench)
            try await bench.skips("CHANGED") { try await purge(bench, version: "2") }
            #expect(try await purge(bench, version: "3").word == "MORE")
        }

        @Test func addsUpAfterEachStepAndEndsWithNothing() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 2000)
            for start in stride(from: 1, through: 960, by: 64) {
                try await bench.reserve((start..<start + 64).map { (booking: $0, seats: 2) })
            }
            try await bench.release(3)
            try await retire(bench)
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
}
