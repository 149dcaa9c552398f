import Contracts
import Redis
import Scripts
import TestSupport
import Testing

extension AllScriptsTests {
    /// museum_register: an exhibition's first state.
    struct RegisterTests {
        @Test func writesTheExhibitionItsEventAndTheIndex() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await fixture.register(capacity: 20).word == "REGISTERED")
            let said = [
                "title": "달 항아리", "hall": "Hall 1", "date": "2099-12-24", "startTime": "14:00", "endTime": "16:00",
                "capacity": "20", "status": "OPEN", "version": "1", "createdAt": ScriptFixture.now,
            ]
            #expect(try await fixture.fields(fixture.exhibition) == said.merging(["available": "20", "held": "0"]) { $1 })
            #expect(try await fixture.scores(fixture.keys.exhibitions) == ["a1": ScriptFixture.slot])
            let events = try await fixture.events()
            let named = ["eventType": "MuseumRegistered", "timestamp": ScriptFixture.now, "museumId": "a1", "requestId": "r-1"]
            #expect(events == [said.merging(named) { $1 }])
            _ = try Event(fields: events[0])
            #expect(try await fixture.balance() == 0)
        }

        @Test func whatIsEmptyIsLeftOut() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(plan: ["", "Hall 1", "2099-12-24", "", ""], requestId: "")
            let absent = ["title", "startTime", "endTime", "requestId"]
            for fields in [try await fixture.fields(fixture.exhibition), try await fixture.events()[0]] {
                #expect(absent.allSatisfy { fields[$0] == nil }, "\(fields)")
                #expect(fields["hall"] == "Hall 1")
            }
            #expect(try await fixture.scores(fixture.keys.exhibitions) == ["a1": "209912240000"], "without a time at midnight")
        }

        @Test func aTakenNumberStaysAsItIs() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 20)
            try await fixture.skips("TAKEN") { try await fixture.register(capacity: 5) }
            try await fixture.delete()
            try await fixture.skips("TAKEN") { try await fixture.register(capacity: 5) }
        }

        @Test func underAKeyItIsRegisteredOnce() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await fixture.register(key: ("k-1", "d-1")).word == "REGISTERED")
            #expect(try await fixture.fields(fixture.keys.registrationKeys) == ["k-1": "a1 d-1"])
            #expect(try await fixture.fields(fixture.exhibition)["idempotencyKey"] == "k-1")
            #expect(try await fixture.events()[0]["idempotencyKey"] == nil)
            // Under the next number, and under its own; with these fields or others, which the caller tells apart.
            for (id, digest) in [("a2", "d-1"), ("a1", "d-1"), ("a2", "d-2")] {
                let known = try await fixture.skips("KNOWN") { try await fixture.register(id: id, key: ("k-1", digest)) }
                #expect(known.rest == [.text("a1 d-1")])
            }
            try await fixture.skips("TAKEN") { try await fixture.register(key: ("k-2", "d-1")) }
            #expect(try await fixture.register(id: "a2", key: ("k-2", "d-1")).word == "REGISTERED", "another key, another one")
        }

        @Test func severalAreRegisteredTogether() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await fixture.register(["a3", "a1", "a2"], key: ("k", "d")).word == "REGISTERED")
            #expect(try await fixture.events().map { $0["museumId"] } == ["a3", "a1", "a2"], "in their order")
            for id in ["a1", "a2", "a3"] {
                let fields = try await fixture.fields(fixture.keys.exhibition(id))
                #expect(fields["hall"] == "Hall \(id)" && fields["idempotencyKey"] == "k" && fields["available"] == "10")
            }
            #expect(try await fixture.scores(fixture.keys.exhibitions).count == 3)
            #expect(try await fixture.fields(fixture.keys.registrationKeys) == ["k": "a3,a1,a2 d"])
            for event in try await fixture.events() { _ = try Event(fields: event) }
            for ids in [["a4"], ["a3", "a1", "a2"], []] {
                let known = try await fixture.skips("KNOWN") { try await fixture.register(ids, key: ("k", "e")) }
                #expect(known.rest == [.text("a3,a1,a2 d")])
            }
        }

        /// One number that is taken, wherever in the call: nothing is registered.
        @Test(arguments: 0..<4)
        func allOrNone(place: Int) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(id: "a9")
            var ids = ["a1", "a2", "a3"]
            ids.insert("a9", at: place)
            try await fixture.skips("TAKEN") { try await fixture.register(ids, key: ("k", "d")) }
        }

        @Test func aThousandAtOnce() async throws {
            let fixture = try await ScriptFixture()
            fixture.server.runFirst()
            let start = ContinuousClock.now
            try await fixture.register((1...MuseumRegister.limit).map { "a\($0)" }, key: ("k", "d"))
            print("1,000 registrations in one call:", ContinuousClock.now - start)
            #expect(try await fixture.events().count == 1000)
            #expect(try await fixture.client.send("ZCARD", fixture.keys.exhibitions) == .integer(1000))
        }
    }
}
