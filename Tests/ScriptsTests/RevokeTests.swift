import Contracts
import Redis
import Scripts
import TestSupport
import Testing

extension AllScriptsTests {
    /// museum_revoke: a deleted exhibition's seats are taken back in bounded steps.
    struct RevokeTests {
        @Test func onlyWhatIsDeleted() async throws {
            let bench = try await Bench()
            try await bench.skips("NOT_DELETED") { try await bench.revoke() }
            try await bench.register()
            try await bench.reserve((1, 2))
            try await bench.skips("NOT_DELETED") { try await bench.revoke() }
            try await bench.edit(at: 1, status: "CLOSED")
            try await bench.skips("NOT_DELETED") { try await bench.revoke() }
        }

        @Test func aFewBookings() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.reserve((1, 2), (2, 3), (3, 1))
            try await bench.release(3)
            try await bench.release(4)
            try await bench.delete()
            let answer = try await bench.revoke()
            #expect(answer.word == "MORE")
            #expect(try answer.rest[0].asInteger() == 2, "tombstones are no bookings")
            #expect(try await bench.balance() == 0)
            #expect(try await bench.revoke().word == "DONE")
            #expect(try await bench.client.send("EXISTS", bench.keys.revoking) == .integer(0))
            #expect(try await bench.fields(bench.exhibition)["revokeCursor"] == nil)
            #expect(Set(try await bench.fields(bench.seats).values) == ["0"])
            try await bench.skips("DONE") { try await bench.revoke() }

            var events: [String: [String: String]] = [:]
            for event in try await bench.events().suffix(2) { events[event["bookId"] ?? ""] = event }
            let available = Set(events.values.map { $0["available"] })
            #expect(available == ["7", "10"] || available == ["8", "10"], "as after that very event")
            for (booking, seats) in [(1, "2"), (2, "3")] {
                var event = try #require(events[Bench.booking(booking)])
                event["available"] = nil
                #expect(
                    event == [
                        "eventType": "SeatsRevoked", "timestamp": Bench.now, "museumId": "a1", "bookId": Bench.booking(booking),
                        "seats": seats,
                    ])
            }
        }

        /// The server is killed in between: what a cursor means is another thing for the next one.
        @Test func aThousandBookingsInSteps() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 2000)
            for start in stride(from: 0, to: 1000, by: 50) {
                try await bench.reserve((start..<start + 50).map { (booking: $0, seats: 1 + $0 % 2) })
            }
            #expect(try await bench.balance() == 1500)
            try await bench.delete()

            var steps = 0
            var revoked = 0
            while true {
                let answer = try await bench.revoke()
                guard answer.word == "MORE" else { #expect(answer.word == "DONE"); break }
                let count = try answer.rest[0].asInteger()
                #expect(count <= 250, "a step is bounded")
                revoked += count
                steps += 1
                #expect(try await bench.balance() == 1500 - (try await seatsOf(bench, "SeatsRevoked", "SeatsReleased")))
                if steps == 2 {
                    bench.server.kill()
                    try await bench.server.launch()
                }
                // Visitors cancel meanwhile.
                if steps == 3 { for booking in 0..<20 { try await bench.release(booking) } }
                try #require(steps < 100)
            }
            #expect(steps >= 4)
            #expect(try await bench.balance() == 0)
            #expect(try await bench.client.send("EXISTS", bench.keys.revoking) == .integer(0))

            let given = try await bench.events().filter { ["SeatsRevoked", "SeatsReleased"].contains($0["eventType"]) }
            #expect(given.count == 1000)
            #expect(Set(given.compactMap { $0["bookId"] }).count == 1000, "each booking exactly once")
            #expect(given.count { $0["eventType"] == "SeatsRevoked" } == revoked)
            #expect(try await seatsOf(bench, "SeatsRevoked", "SeatsReleased") == 1500)
            #expect(given.last?["available"] == "2000")
        }

        private func seatsOf(_ bench: Bench, _ types: String...) async throws -> Int {
            try await bench.events().filter { types.contains($0["eventType"] ?? "") }.reduce(0) {
                $0 + (Int($1["seats"] ?? "") ?? 0)
            }
        }

        /// A release of what was never reserved leaves a zero in a table that is being gone through.
        @Test func onlyTombstones() async throws {
            let bench = try await Bench()
            try await bench.register()
            try await bench.release(1)
            try await bench.delete()
            #expect(try await bench.revoke().word == "DONE")
            try await bench.skips("DONE") { try await bench.revoke() }
        }
    }
}
