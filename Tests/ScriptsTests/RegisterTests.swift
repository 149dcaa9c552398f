import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// museum_register: an exhibition's first state.
    struct RegisterTests {
        @Test func writesTheExhibitionItsEventAndTheIndex() async throws {
            let bench = try await Bench()
            #expect(try await bench.register(capacity: 20).word == "REGISTERED")
            let said = [
                "title": "달 항아리", "hall": "Hall 1", "date": "2099-12-24", "startTime": "14:00", "endTime": "16:00",
                "capacity": "20", "status": "OPEN", "version": "1", "createdAt": Bench.now,
            ]
            #expect(try await bench.fields(bench.exhibition) == said.merging(["available": "20", "held": "0"]) { $1 })
            #expect(try await bench.scores(bench.keys.exhibitions) == ["a1": Bench.slot])
            let events = try await bench.events()
            let named = ["eventType": "MuseumRegistered", "timestamp": Bench.now, "museumId": "a1", "requestId": "r-1"]
            #expect(events == [said.merging(named) { $1 }])
            _ = try Event(fields: events[0])
            #expect(try await bench.balance() == 0)
        }

        @Test func whatIsEmptyIsLeftOut() async throws {
            let bench = try await Bench()
            try await bench.register(plan: ["", "Hall 1", "2099-12-24", "", ""], requestId: "")
            let absent = ["title", "startTime", "endTime", "requestId"]
            for fields in [try await bench.fields(bench.exhibition), try await bench.events()[0]] {
                #expect(absent.allSatisfy { fields[$0] == nil }, "\(fields)")
                #expect(fields["hall"] == "Hall 1")
            }
            #expect(try await bench.scores(bench.keys.exhibitions) == ["a1": "209912240000"], "without a time at midnight")
        }

        @Test func aTakenNumberStaysAsItIs() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 20)
            try await bench.skips("TAKEN") { try await bench.register(capacity: 5) }
            try await bench.delete()
            try await bench.skips("TAKEN") { try await bench.register(capacity: 5) }
        }

        @Test func underAKeyItIsRegisteredOnce() async throws {
            let bench = try await Bench()
            #expect(try await bench.register(key: ("k-1", "d-1")).word == "REGISTERED")
            #expect(try await bench.fields(bench.keys.registrationKeys) == ["k-1": "a1 d-1"])
            #expect(try await bench.fields(bench.exhibition)["idempotencyKey"] == "k-1")
            #expect(try await bench.events()[0]["idempotencyKey"] == nil)
            // Under the next number, and under its own; with these fields or others, which the caller tells apart.
            for (id, digest) in [("a2", "d-1"), ("a1", "d-1"), ("a2", "d-2")] {
                let known = try await bench.skips("KNOWN") { try await bench.register(id: id, key: ("k-1", digest)) }
                #expect(known.rest == [.text("a1 d-1")])
            }
            try await bench.skips("TAKEN") { try await bench.register(key: ("k-2", "d-1")) }
            #expect(try await bench.register(id: "a2", key: ("k-2", "d-1")).word == "REGISTERED", "another key, another one")
        }
    }
}
