import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// book_record and book_abort: the two that create a booking, and never overwrite one.
    struct BookRecordTests {
        private static let fields = [
            "visitor": "kim", "museumId": "a1", "seats": "2", "version": "1", "createdAt": ScriptFixture.now,
            "updatedAt": ScriptFixture.now,
        ]

        private static func event(_ type: String, _ status: String) -> [String: String] {
            var event = fields
            event["updatedAt"] = nil
            return event.merging([
                "eventType": type, "timestamp": ScriptFixture.now, "bookId": ScriptFixture.booking(1), "status": status,
                "requestId": "r-1",
            ]) { $1 }
        }

        @Test func recordsOnce() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await fixture.book(.record).word == "RECORDED")
            let recorded = Self.fields.merging(["status": "REQUESTED"]) { $1 }
            #expect(try await fixture.bookingFields() == recorded)
            #expect(try await fixture.scores(fixture.keys.bookings(of: "a1")) == [ScriptFixture.booking(1): ScriptFixture.now])
            #expect(try await fixture.scores(fixture.keys.exhibitionsWithBookings) == ["a1": "0"])
            #expect(try await fixture.events(of: "book") == [Self.event("Requested", "REQUESTED")])
            _ = try Event(fields: try await fixture.events(of: "book")[0])

            let again = try await fixture.skips("EXISTS") { try await fixture.book(.record, now: 1_764_000_009_999) }
            #expect(try again.fields() == recorded)
            try await fixture.skips("MISMATCH") { try await fixture.book(.record, seats: 3) }
            try await fixture.skips("MISMATCH") { try await fixture.book(.record, visitor: "lee") }
        }

        /// What a visitor adds is in the booking's hash and nowhere else, each with the booking that it came with.
        @Test func detailsAreInTheHashAlone() async throws {
            let fixture = try await ScriptFixture()
            let details = [[:], ["name": "Kim", "contact": "kim@example.org", "note": "wheelchair"], [:], ["note": "a group"]]
            let call = BookRecord(
                in: fixture.keys,
                bookings: details.enumerated().map { number, details in
                    BookRecord.Booking(
                        id: ScriptFixture.booking(number), exhibition: "a1", visitor: "kim", seats: 2, now: ScriptFixture.moment,
                        requestId: "r-1", details: details)
                })
            _ = try await fixture.client.run(call)
            for (number, details) in details.enumerated() {
                let recorded = Self.fields.merging(["status": "REQUESTED"]) { $1 }.merging(details) { $1 }
                #expect(try await fixture.bookingFields(number) == recorded)
            }
            let events = try await fixture.events(of: "book")
            #expect(events.count == 4 && events.allSatisfy { Set($0.keys) == Set(Self.event("", "").keys) })
            // Other details, or none, are the same booking: it is returned as it was recorded.
            let again = try await fixture.skips("EXISTS") { try await fixture.book(.record, 1) }
            #expect(try again.fields()["contact"] == "kim@example.org")
        }

        @Test func abortsOnce() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await fixture.book(.abort).word == "ABORTED")
            #expect(try await fixture.bookingFields() == Self.fields.merging(["status": "ABORTED"]) { $1 })
            #expect(try await fixture.client.send("KEYS", "*index*") == .array([]), "it is in no index")
            #expect(try await fixture.events(of: "book") == [Self.event("Aborted", "ABORTED")])
            _ = try Event(fields: try await fixture.events(of: "book")[0])

            try await fixture.skips("ABORTED") { try await fixture.book(.abort) }
            try await fixture.skips("ABORTED") { try await fixture.book(.record) }
            // An attempt that ended in 503 never counts, whatever it asked for.
            try await fixture.skips("ABORTED") { try await fixture.book(.record, seats: 3) }
            try await fixture.skips("ABORTED") { try await fixture.book(.record, visitor: "lee") }
        }

        /// A request may sleep between reserving and recording for longer than a purge takes.
        @Test func ofAPurgedExhibitionNothingIsWritten() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.book(.record, 1)
            _ = try await fixture.client.send("SADD", fixture.keys.purgedExhibitions(of: "book"), "a1", "a7")
            try await fixture.skips("EXISTS") { try await fixture.book(.record, 1) }
            try await fixture.skips("ABORTED") { try await fixture.book(.record, 2) }
            try await fixture.skips("ABORTED") { try await fixture.book(.abort, 3) }
            _ = try await fixture.client.send("SREM", fixture.keys.purgedExhibitions(of: "book"), "a1")
            #expect(try await fixture.book(.record, 2).word == "RECORDED")
        }

        @Test(
            arguments: [[], [.complete], [.lower], [.cancel], [.forceCancel], [.complete, .lower], [.complete, .cancel]]
                as [[ScriptFixture.BookStep]])
        func abortOverwritesNothing(after steps: [ScriptFixture.BookStep]) async throws {
            let fixture = try await ScriptFixture()
            for step in [.record] + steps { try await fixture.book(step) }
            let fields = try await fixture.bookingFields()
            let answer = try await fixture.skips("EXISTS") { try await fixture.book(.abort) }
            #expect(try answer.fields() == fields)
            let recorded = try await fixture.skips("EXISTS") { try await fixture.book(.record) }
            #expect(try recorded.fields() == fields)
        }

        @Test func withoutARequestIdThereIsNone() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.book(.record, 1, requestId: "")
            try await fixture.book(.complete, 1, requestId: "")
            try await fixture.book(.cancel, 1, requestId: "")
            try await fixture.book(.record, 2, requestId: "")
            try await fixture.book(.forceCancel, 2, requestId: "")
            try await fixture.book(.abort, 3, requestId: "")
            let events = try await fixture.events(of: "book")
            #expect(events.count == 6)
            #expect(events.allSatisfy { $0["requestId"] == nil })
        }
    }
}
