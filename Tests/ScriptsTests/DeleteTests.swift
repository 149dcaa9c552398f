import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// museum_delete: the end of an exhibition; its seats are taken back later.
    struct DeleteTests {
        @Test func withoutAnExhibition() async throws {
            let bench = try await Bench()
            try await bench.skips("NO_EXHIBITION") { try await bench.delete() }
        }

        @Test(arguments: ["OPEN", "CLOSED"])
        func deletesOnce(from status: String) async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.reserve((1, 4))
            if status == "CLOSED" { try await bench.edit(at: 1, status: status) }
            var fields = try await bench.fields(bench.exhibition)
            let version = status == "CLOSED" ? "3" : "2"
            fields["status"] = "DELETED"
            fields["version"] = version
            let answer = try await bench.delete()
            #expect(answer.word == "DELETED")
            #expect(try answer.fields() == fields)
            #expect(try await bench.fields(bench.exhibition) == fields)
            #expect(try await bench.balance() == 4, "seats stay held until they are revoked")
            #expect(try await bench.scores(bench.keys.exhibitions) == [:])
            #expect(try await bench.scores(bench.keys.deletedExhibitions) == ["a1": Bench.slot])
            #expect(try await bench.client.send("SMEMBERS", bench.keys.revoking) == .array([.text("a1")]))

            let event = try #require(try await bench.events().last)
            #expect(
                event == [
                    "eventType": "MuseumDeleted", "timestamp": Bench.now, "museumId": "a1", "requestId": "r-3", "title": "달 항아리",
                    "hall": "Hall 1", "date": "2099-12-24", "startTime": "14:00", "endTime": "16:00", "capacity": "10",
                    "status": "DELETED", "version": version,
                ])
            _ = try Event(fields: event)

            let again = try await bench.skips("ALREADY") { try await bench.delete(requestId: "r-9") }
            #expect(try again.fields() == fields)
        }

        /// Whoever deletes may have read the exhibition before somebody else moved it.
        @Test(arguments: [("10:00", "209912251000"), ("", "209912250000")])
        func itsPlaceAmongTheDeletedIsWhereItWasMoved(startTime: String, slot: String) async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.edit(at: 1, plan: ["", "Hall 2", "2099-12-25", startTime, ""])
            #expect(try await bench.delete().word == "DELETED")
            #expect(try await bench.scores(bench.keys.deletedExhibitions) == ["a1": slot])
        }
    }
}
