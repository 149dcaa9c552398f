import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// book_record and book_abort: the two that create a booking, and never overwrite one.
    struct BookRecordTests {
        private static let fields = [
            "visitor": "kim", "museumId": "a1", "seats": "2", "version": "1", "createdAt": Bench.now, "updatedAt": Bench.now,
        ]

        private static func event(_ type: String, _ status: String) -> [String: String] {
            var event = fields
            event["updatedAt"] = nil
            return event.merging([
                "eventType": type, "timestamp": Bench.now, "bookId": Bench.booking(1), "status": status, "requestId": "r-1",
            ]) { $1 }
        }

        @Test func recordsOnce() async throws {
            let bench = try await Bench()
            #expect(try await bench.book(.record).word == "RECORDED")
            let recorded = Self.fields.merging(["status": "REQUESTED"]) { $1 }
            #expect(try await bench.bookingFields() == recorded)
            #expect(try await bench.scores(bench.keys.bookings(of: "a1")) == [Bench.booking(1): Bench.now])
            #expect(try await bench.scores(bench.keys.exhibitionsWithBookings) == ["a1": "0"])
            #expect(try await bench.events(of: "book") == [Self.event("Requested", "REQUESTED")])
            _ = try Event(fields: try await bench.events(of: "book")[0])

            let again = try await bench.skips("EXISTS") { try await bench.book(.record, now: "1764000009999") }
            #expect(try again.fields() == recorded)
            try await bench.skips("MISMATCH") { try await bench.book(.record, seats: 3) }
            try await bench.skips("MISMATCH") { try await bench.book(.record, visitor: "lee") }
        }

        @Test func abortsOnce() async throws {
            let bench = try await Bench()
            #expect(try await bench.book(.abort).word == "ABORTED")
            #expect(try await bench.bookingFields() == Self.fields.merging(["status": "ABORTED"]) { $1 })
            #expect(try await bench.client.send("KEYS", "*index*") == .array([]), "it is in no index")
            #expect(try await bench.events(of: "book") == [Self.event("Aborted", "ABORTED")])
            _ = try Event(fields: try await bench.events(of: "book")[0])

            try await bench.skips("ABORTED") { try await bench.book(.abort) }
            try await bench.skips("ABORTED") { try await bench.book(.record) }
            // An attempt that ended in 503 never counts, whatever it asked for.
            try await bench.skips("ABORTED") { try await bench.book(.record, seats: 3) }
            try await bench.skips("ABORTED") { try await bench.book(.record, visitor: "lee") }
        }

        /// A request may sleep between reserving and recording for longer than a purge takes.
        @Test func ofAPurgedExhibitionNothingIsWritten() async throws {
            let bench = try await Bench()
            try await bench.book(.record, 1)
            _ = try await bench.client.send("SADD", bench.keys.purgedExhibitions(of: "book"), "a1", "a7")
            try await bench.skips("EXISTS") { try await bench.book(.record, 1) }
            try await bench.skips("ABORTED") { try await bench.book(.record, 2) }
            try await bench.skips("ABORTED") { try await bench.book(.abort, 3) }
            _ = try await bench.client.send("SREM", bench.keys.purgedExhibitions(of: "book"), "a1")
            #expect(try await bench.book(.record, 2).word == "RECORDED")
        }

        @Test(arguments: [[], [.complete], [.cancel], [.forceCancel], [.complete, .cancel]] as [[Bench.BookStep]])
        func abortOverwritesNothing(after steps: [Bench.BookStep]) async throws {
            let bench = try await Bench()
            for step in [.record] + steps { try await bench.book(step) }
            let fields = try await bench.bookingFields()
            let answer = try await bench.skips("EXISTS") { try await bench.book(.abort) }
            #expect(try answer.fields() == fields)
            let recorded = try await bench.skips("EXISTS") { try await bench.book(.record) }
            #expect(try recorded.fields() == fields)
        }

        @Test func withoutARequestIdThereIsNone() async throws {
            let bench = try await Bench()
            try await bench.book(.record, 1, requestId: "")
            try await bench.book(.complete, 1, requestId: "")
            try await bench.book(.cancel, 1, requestId: "")
            try await bench.book(.record, 2, requestId: "")
            try await bench.book(.forceCancel, 2, requestId: "")
            try await bench.book(.abort, 3, requestId: "")
            let events = try await bench.events(of: "book")
            #expect(events.count == 6)
            #expect(events.allSatisfy { $0["requestId"] == nil })
        }
    }
}
