import Contracts
import Testing

extension AllScriptsTests {
    /// museum_release: seats come back exactly once.
    struct ReleaseTests {
        @Test func withoutAnExhibition() async throws {
            let bench = try await Bench()
            try await bench.skips("NO_EXHIBITION") { try await bench.release(1) }
        }

        @Test func givesSeatsBackOnce() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.reserve((1, 3), (2, 2))
            #expect(try await bench.release(1).word == "RELEASED")
            #expect(try await bench.balance() == 2)
            try await bench.skips("ALREADY") { try await bench.release(1) }
            #expect(try await bench.fields(bench.seats) == [Bench.booking(1): "0", Bench.booking(2): "2"])
            let events = try await bench.events()
            #expect(events.count == 4)
            #expect(
                events.last == [
                    "eventType": "SeatsReleased", "timestamp": Bench.now, "museumId": "a1", "bookId": Bench.booking(1),
                    "seats": "3",
                    "available": "8", "requestId": "r-4",
                ])
            _ = try Event(fields: events[3])
        }

        @Test func whatHeldNothingGetsATombstone() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            let before = try await bench.fields(bench.exhibition)
            #expect(try await bench.release(1).word == "VOIDED")
            #expect(try await bench.fields(bench.seats) == [Bench.booking(1): "0"])
            #expect(try await bench.fields(bench.exhibition) == before)
            #expect(try await bench.events().count == 1, "a tombstone is no event")
            try await bench.skips("ALREADY") { try await bench.release(1) }
            #expect(try await bench.balance() == 0)
        }

        @Test(arguments: ["CLOSED", "DELETED"])
        func fromWhatIsNotOpen(_ status: String) async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.reserve((1, 3))
            if status == "CLOSED" { try await bench.edit(at: 1, status: "CLOSED") } else { try await bench.delete() }
            #expect(try await bench.release(1).word == "RELEASED")
            #expect(try await bench.release(2).word == "VOIDED")
            #expect(try await bench.balance() == 0)
            #expect(try await bench.fields(bench.exhibition)["status"] == status)
        }
    }
}
