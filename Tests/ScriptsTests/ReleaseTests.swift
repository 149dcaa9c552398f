import Contracts
import Testing

extension AllScriptsTests {
    /// museum_release: seats come back exactly once.
    struct ReleaseTests {
        @Test func withoutAnExhibition() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("NO_EXHIBITION") { try await fixture.release(1) }
        }

        @Test func givesSeatsBackOnce() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 3), (2, 2))
            #expect(try await fixture.release(1).word == "RELEASED")
            #expect(try await fixture.balance() == 2)
            try await fixture.skips("ALREADY") { try await fixture.release(1) }
            #expect(try await fixture.fields(fixture.seats) == [ScriptFixture.booking(1): "0", ScriptFixture.booking(2): "2"])
            let events = try await fixture.events()
            #expect(events.count == 4)
            #expect(
                events.last == [
                    "eventType": "SeatsReleased", "timestamp": ScriptFixture.now, "museumId": "a1",
                    "bookId": ScriptFixture.booking(1),
                    "seats": "3",
                    "available": "8", "requestId": "r-4",
                ])
            _ = try Event(fields: events[3])
        }

        @Test func whatHeldNothingGetsATombstone() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            let before = try await fixture.fields(fixture.exhibition)
            #expect(try await fixture.release(1).word == "VOIDED")
            #expect(try await fixture.fields(fixture.seats) == [ScriptFixture.booking(1): "0"])
            #expect(try await fixture.fields(fixture.exhibition) == before)
            #expect(try await fixture.events().count == 1, "a tombstone is no event")
            try await fixture.skips("ALREADY") { try await fixture.release(1) }
            #expect(try await fixture.balance() == 0)
        }

        @Test(arguments: ["CLOSED", "DELETED"])
        func fromWhatIsNotOpen(_ status: String) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 3))
            if status == "CLOSED" { try await fixture.edit(at: 1, status: "CLOSED") } else { try await fixture.delete() }
            #expect(try await fixture.release(1).word == "RELEASED")
            #expect(try await fixture.release(2).word == "VOIDED")
            #expect(try await fixture.balance() == 0)
            #expect(try await fixture.fields(fixture.exhibition)["status"] == status)
        }
    }
}
