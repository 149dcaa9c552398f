import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// confirm_apply: an admission follows its booking by the booking's version, whatever the order.
    struct ConfirmApplyTests {
        private struct ProjectionUpdate: Equatable {
            let status: String
            let version: Int
            var seats = 2
        }

        private func call(_ fixture: ScriptFixture, _ news: ProjectionUpdate, _ booking: Int = 1) -> Command {
            Command(
                ConfirmApply(
                    in: fixture.keys, now: ScriptFixture.moment + Int64(news.version),
                    bookings: [
                        ConfirmApply.Booking(
                            id: ScriptFixture.booking(booking), exhibition: "a1", visitor: "kim", seats: news.seats,
                            status: news.status, version: news.version, createdAt: 77, requestId: nil)
                    ]))
        }

        private func apply(_ fixture: ScriptFixture, _ status: String, _ version: Int) async throws -> ScriptFixture.Answer {
            try ScriptFixture.Answer(
                try await fixture.client.send(call(fixture, ProjectionUpdate(status: status, version: version))))
        }

        /// Fewer seats change the admission that there is. If the event of fewer seats comes first, it makes the admission.
        @Test(arguments: [[2, 3], [3, 2]])
        func fewerSeats(order: [Int]) async throws {
            let fixture = try await ScriptFixture()
            for version in order {
                let news = ProjectionUpdate(status: "CONFIRMED", version: version, seats: 8 - version)
                _ = try await fixture.client.send(call(fixture, news))
            }
            #expect(try await fixture.fields(fixture.keys.admission(ScriptFixture.booking(1)))["seats"] == "5")
            let events = try await fixture.events(of: "confirm").map { "\($0["eventType"] ?? "") \($0["seats"] ?? "")" }
            #expect(events == (order == [2, 3] ? ["ConfirmCompleted 6", "ConfirmChanged 5"] : ["ConfirmCompleted 5"]))
        }

        @Test func completedThenCanceled() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await apply(fixture, "CONFIRMED", 2).word == "APPLIED")
            var fields = [
                "visitor": "kim", "museumId": "a1", "seats": "2", "status": "CONFIRMED", "version": "1", "bookVersion": "2",
                "updatedAt": "1764000000002",
            ]
            #expect(try await fixture.fields(fixture.keys.admission(ScriptFixture.booking(1))) == fields)
            #expect(try await fixture.scores(fixture.keys.admissions(to: "a1")) == [ScriptFixture.booking(1): "77"])
            #expect(try await fixture.scores(fixture.keys.exhibitionsWithAdmissions) == ["a1": "0"])
            try await fixture.skips("STALE") { try await apply(fixture, "CONFIRMED", 2) }

            #expect(try await apply(fixture, "CANCELED", 3).word == "APPLIED")
            fields.merge(["status": "CANCELED", "version": "2", "bookVersion": "3", "updatedAt": "1764000000003"]) { $1 }
            #expect(try await fixture.fields(fixture.keys.admission(ScriptFixture.booking(1))) == fields)
            try await fixture.skips("STALE") { try await apply(fixture, "CANCELED", 3) }
            try await fixture.skips("STALE") { try await apply(fixture, "CONFIRMED", 2) }

            let events = try await fixture.events(of: "confirm")
            #expect(
                events == [
                    [
                        "eventType": "ConfirmCompleted", "timestamp": "1764000000002", "bookId": ScriptFixture.booking(1),
                        "museumId": "a1",
                        "visitor": "kim", "seats": "2", "status": "CONFIRMED", "version": "1",
                    ],
                    [
                        "eventType": "ConfirmChanged", "timestamp": "1764000000003", "bookId": ScriptFixture.booking(1),
                        "museumId": "a1",
                        "visitor": "kim", "seats": "2", "status": "CANCELED", "version": "2",
                    ],
                ])
            for event in events { _ = try Event(fields: event) }
        }

        /// A consumer may sleep with an event in flight that another one has applied long ago.
        @Test func ofAPurgedExhibitionNothingIsWritten() async throws {
            let fixture = try await ScriptFixture()
            _ = try await fixture.client.send("SADD", fixture.keys.purgedExhibitions(of: "confirm"), "a1")
            try await fixture.skips("PURGED") { try await apply(fixture, "CONFIRMED", 2) }
            _ = try await fixture.client.send("SREM", fixture.keys.purgedExhibitions(of: "confirm"), "a1")
            #expect(try await apply(fixture, "CONFIRMED", 2).word == "APPLIED")
        }

        @Test func versionsAreNumbersNotText() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await apply(fixture, "CONFIRMED", 9).word == "APPLIED")
            #expect(try await apply(fixture, "CANCELED", 10).word == "APPLIED")
            try await fixture.skips("STALE") { try await apply(fixture, "CONFIRMED", 9) }
        }

        @Test(arguments: [3, 4, 5])
        func everyOrderEndsAlike(length: Int) async throws {
            let fixture = try await ScriptFixture()
            let news = [
                ProjectionUpdate(status: "CONFIRMED", version: 2), ProjectionUpdate(status: "CANCELED", version: 3),
                ProjectionUpdate(status: "FORCE_CANCELED", version: 4),
            ]
            let more = ProjectionUpdate(status: "CONFIRMED", version: 11)
            let orders = sequences(of: length == 3 ? news : news + [more], length: length)
            let newest = try #require(orders[0].max { $0.version < $1.version })
            let answers = try await fixture.run(
                orders.enumerated().flatMap { number, order in order.map { call(fixture, $0, number) } })

            var events: [String: [[String: String]]] = [:]
            for event in try await fixture.events(of: "confirm") { events[event["bookId"] ?? "", default: []].append(event) }
            for (number, order) in orders.enumerated() {
                let applied = answers[number * length..<(number + 1) * length].count { $0.word == "APPLIED" }
                let fields = try await fixture.fields(fixture.keys.admission(ScriptFixture.booking(number)))
                #expect(
                    fields == [
                        "visitor": "kim", "museumId": "a1", "seats": "2", "status": newest.status, "version": String(applied),
                        "bookVersion": String(newest.version), "updatedAt": "\(Int(ScriptFixture.now)! + newest.version)",
                    ], "\(order)")
                let heard = events[ScriptFixture.booking(number)] ?? []
                #expect(
                    heard.compactMap { $0["version"] } == (1...applied).map { String($0) }, "an event for each version: \(order)")
                #expect(heard.last?["status"] == newest.status, "\(order)")
                // Confirmed for the first time; later, with fewer seats, it is changed.
                #expect(
                    heard.enumerated().allSatisfy { place, event in
                        (event["eventType"] == "ConfirmCompleted") == (event["status"] == "CONFIRMED" && place == 0)
                    })
            }
        }
    }
}
