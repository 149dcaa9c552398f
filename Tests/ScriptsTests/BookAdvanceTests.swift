import Contracts
import Testing

extension AllScriptsTests {
    /// book_complete, book_cancel and book_force_cancel: one change, one version, one event.
    struct BookAdvanceTests {
        struct Advance: Sendable, CustomTestStringConvertible {
            let step: Bench.BookStep
            let word: String
            let event: String
            let status: String
            var testDescription: String { step.rawValue }
        }

        static let complete = Advance(
            step: .complete, word: "COMPLETED", event: "RequestCompleted", status: "REQUEST_COMPLETED")
        static let cancel = Advance(step: .cancel, word: "CANCELED", event: "Canceled", status: "CANCELED")
        static let forceCancel = Advance(
            step: .forceCancel, word: "FORCE_CANCELED", event: "ForceCanceled", status: "FORCE_CANCELED")

        @Test(arguments: [complete, cancel, forceCancel])
        func ofNothing(_ advance: Advance) async throws {
            let bench = try await Bench()
            try await bench.skips("ABSENT") { try await bench.book(advance.step) }
        }

        @Test(arguments: [complete, cancel, forceCancel])
        func fromRequested(_ advance: Advance) async throws {
            let bench = try await Bench()
            try await bench.book(.record)
            try await check(bench, advance, version: 2)
        }

        @Test(arguments: [cancel, forceCancel])
        func fromCompleted(_ advance: Advance) async throws {
            let bench = try await Bench()
            try await bench.book(.record)
            try await bench.book(.complete)
            try await check(bench, advance, version: 3)
        }

        @Test(arguments: [complete, cancel, forceCancel], [cancel, forceCancel])
        func notFromAnEnd(_ advance: Advance, _ end: Advance) async throws {
            let bench = try await Bench()
            try await bench.book(.record)
            try await bench.book(end.step)
            let answer = try await bench.skips("SKIPPED") { try await bench.book(advance.step, now: "1764000009999") }
            #expect(try answer.fields()["status"] == end.status)
            try await bench.book(.abort, 2)
            let aborted = try await bench.skips("SKIPPED") { try await bench.book(advance.step, 2) }
            #expect(try aborted.fields()["status"] == "ABORTED")
        }

        private func check(_ bench: Bench, _ advance: Advance, version: Int) async throws {
            var expected = try await bench.bookingFields()
            let later = "1764000005000"
            expected["status"] = advance.status
            expected["version"] = String(version)
            expected["updatedAt"] = later
            let answer = try await bench.book(advance.step, now: later, requestId: "r-7")
            #expect(answer.word == advance.word)
            #expect(try answer.fields() == expected)
            #expect(try await bench.bookingFields() == expected)
            let events = try await bench.events(of: "book")
            #expect(events.count == version)
            #expect(
                events.last == [
                    "eventType": advance.event, "timestamp": later, "bookId": Bench.booking(1), "museumId": "a1",
                    "visitor": "kim",
                    "seats": "2", "status": advance.status, "version": String(version), "createdAt": Bench.now,
                    "requestId": "r-7",
                ])
            _ = try Event(fields: events.last ?? [:])
            let again = try await bench.skips("SKIPPED") { try await bench.book(advance.step) }
            #expect(try again.fields() == expected)
        }
    }
}
