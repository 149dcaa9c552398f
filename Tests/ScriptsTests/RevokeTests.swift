import Contracts
import Redis
import Scripts
import TestSupport
import Testing

extension AllScriptsTests {
    /// museum_revoke: the seats of a deleted exhibition are revoked in bounded steps.
    struct RevokeTests {
        @Test func onlyWhatIsDeleted() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("NOT_DELETED") { try await fixture.revoke() }
            try await fixture.register()
            try await fixture.reserve((1, 2))
            try await fixture.skips("NOT_DELETED") { try await fixture.revoke() }
            try await fixture.edit(at: 1, status: "CLOSED")
            try await fixture.skips("NOT_DELETED") { try await fixture.revoke() }
        }

        @Test func aFewBookings() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 2), (2, 3), (3, 1))
            try await fixture.release(3)
            try await fixture.release(4)
            try await fixture.delete()
            let answer = try await fixture.revoke()
            #expect(answer.word == "MORE")
            #expect(try answer.rest[0].asInteger() == 2, "tombstones are no bookings")
            #expect(try await fixture.balance() == 0)
            #expect(try await fixture.revoke().word == "DONE")
            #expect(try await fixture.client.send("EXISTS", fixture.keys.revoking) == .integer(0))
            #expect(try await fixture.fields(fixture.exhibition)["revokeCursor"] == nil)
            #expect(Set(try await fixture.fields(fixture.seats).values) == ["0"])
            try await fixture.skips("DONE") { try await fixture.revoke() }

            var events: [String: [String: String]] = [:]
            for event in try await fixture.events().suffix(2) { events[event["bookId"] ?? ""] = event }
            let available = Set(events.values.map { $0["available"] })
            #expect(available == ["7", "10"] || available == ["8", "10"], "as after that very event")
            for (booking, seats) in [(1, "2"), (2, "3")] {
                var event = try #require(events[ScriptFixture.booking(booking)])
                event["available"] = nil
                #expect(
                    event == [
                        "eventType": "SeatsRevoked", "timestamp": ScriptFixture.now, "museumId": "a1",
                        "bookId": ScriptFixture.booking(booking),
                        "seats": seats,
                    ])
            }
        }

        /// The server is killed in between: what a cursor means is another thing for the next one.
        @Test func aThousandBookingsInSteps() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 2000)
            for start in stride(from: 0, to: 1000, by: 50) {
                try await fixture.reserve((start..<start + 50).map { (booking: $0, seats: 1 + $0 % 2) })
            }
            #expect(try await fixture.balance() == 1500)
            try await fixture.delete()

            var steps = 0
            var revoked = 0
            while true {
                let answer = try await fixture.revoke()
                guard answer.word == "MORE" else { #expect(answer.word == "DONE"); break }
                let count = try answer.rest[0].asInteger()
                #expect(count <= 100, "a step is bounded")
                revoked += count
                steps += 1
                #expect(try await fixture.balance() == 1500 - (try await seatsOf(fixture, "SeatsRevoked", "SeatsReleased")))
                if steps == 2 {
                    fixture.server.kill()
                    try await fixture.server.launch()
                }
                // Visitors cancel meanwhile.
                if steps == 3 { for booking in 0..<20 { try await fixture.release(booking) } }
                try #require(steps < 100)
            }
            #expect(steps >= 4)
            #expect(try await fixture.balance() == 0)
            #expect(try await fixture.client.send("EXISTS", fixture.keys.revoking) == .integer(0))

            let given = try await fixture.events().filter { ["SeatsRevoked", "SeatsReleased"].contains($0["eventType"]) }
            #expect(given.count == 1000)
            #expect(Set(given.compactMap { $0["bookId"] }).count == 1000, "each booking exactly once")
            #expect(given.count { $0["eventType"] == "SeatsRevoked" } == revoked)
            #expect(try await seatsOf(fixture, "SeatsRevoked", "SeatsReleased") == 1500)
            #expect(given.last?["available"] == "2000")
        }

        private func seatsOf(_ fixture: ScriptFixture, _ types: String...) async throws -> Int {
            try await fixture.events().filter { types.contains($0["eventType"] ?? "") }.reduce(0) {
                $0 + (Int($1["seats"] ?? "") ?? 0)
            }
        }

        /// A release of what was never reserved leaves a zero in a table that is being gone through.
        @Test func onlyTombstones() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register()
            try await fixture.release(1)
            try await fixture.delete()
            #expect(try await fixture.revoke().word == "DONE")
            try await fixture.skips("DONE") { try await fixture.revoke() }
        }
    }
}
