import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// museum_delete: the end of an exhibition; its seats are revoked later.
    struct DeleteTests {
        @Test func withoutAnExhibition() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("NO_EXHIBITION") { try await fixture.delete() }
        }

        @Test(arguments: ["OPEN", "CLOSED"])
        func deletesOnce(from status: String) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 4))
            if status == "CLOSED" { try await fixture.edit(at: 1, status: status) }
            var fields = try await fixture.fields(fixture.exhibition)
            let version = status == "CLOSED" ? "3" : "2"
            fields["status"] = "DELETED"
            fields["version"] = version
            let answer = try await fixture.delete()
            #expect(answer.word == "DELETED")
            #expect(try answer.fields() == fields)
            #expect(try await fixture.fields(fixture.exhibition) == fields)
            #expect(try await fixture.balance() == 4, "seats stay held until they are revoked")
            #expect(try await fixture.scores(fixture.keys.exhibitions) == [:])
            #expect(try await fixture.scores(fixture.keys.deletedExhibitions) == ["a1": ScriptFixture.slot])
            #expect(try await fixture.client.send("SMEMBERS", fixture.keys.revoking) == .array([.text("a1")]))

            let event = try #require(try await fixture.events().last)
            #expect(
                event == [
                    "eventType": "MuseumDeleted", "timestamp": ScriptFixture.now, "museumId": "a1", "requestId": "r-3",
                    "title": "달 항아리",
                    "hall": "Hall 1", "date": "2099-12-24", "startTime": "14:00", "endTime": "16:00", "capacity": "10",
                    "status": "DELETED", "version": version,
                ])
            _ = try Event(fields: event)

            let again = try await fixture.skips("ALREADY") { try await fixture.delete(requestId: "r-9") }
            #expect(try again.fields() == fields)
        }

        /// Whoever deletes may have read the exhibition before somebody else moved it.
        @Test(arguments: [("10:00", "209912251000"), ("", "209912250000")])
        func itsPlaceAmongTheDeletedIsWhereItWasMoved(startTime: String, slot: String) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.edit(at: 1, plan: ["", "Hall 2", "2099-12-25", startTime, ""])
            #expect(try await fixture.delete().word == "DELETED")
            #expect(try await fixture.scores(fixture.keys.deletedExhibitions) == ["a1": slot])
        }
    }
}
