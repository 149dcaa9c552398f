import Contracts
import Testing

extension AllScriptsTests {
    /// book_transition: one change, one version, one event.
    struct BookTransitionTests {
        struct Transition: Sendable, CustomTestStringConvertible {
            let step: ScriptFixture.BookStep
            let event: String
            let status: String
            var testDescription: String { step.rawValue }
        }

        static let complete = Transition(
            step: .complete, event: "RequestCompleted", status: "REQUEST_COMPLETED")
        static let cancel = Transition(step: .cancel, event: "Canceled", status: "CANCELED")
        static let forceCancel = Transition(
            step: .forceCancel, event: "ForceCanceled", status: "FORCE_CANCELED")

        @Test(arguments: [complete, cancel, forceCancel])
        func ofNothing(_ transition: Transition) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("ABSENT") { try await fixture.book(transition.step) }
        }

        @Test(arguments: [complete, cancel, forceCancel])
        func fromRequested(_ transition: Transition) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.book(.record)
            try await check(fixture, transition, version: 2)
        }

        @Test(arguments: [cancel, forceCancel])
        func fromCompleted(_ transition: Transition) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.book(.record)
            try await fixture.book(.complete)
            try await check(fixture, transition, version: 3)
        }

        @Test(arguments: [complete, cancel, forceCancel], [cancel, forceCancel])
        func notFromAnEnd(_ transition: Transition, _ end: Transition) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.book(.record)
            try await fixture.book(end.step)
            let answer = try await fixture.skips("SKIPPED") { try await fixture.book(transition.step, now: 1_764_000_009_999) }
            #expect(try answer.fields()["status"] == end.status)
            try await fixture.book(.abort, 2)
            let aborted = try await fixture.skips("SKIPPED") { try await fixture.book(transition.step, 2) }
            #expect(try aborted.fields()["status"] == "ABORTED")
        }

        private func check(_ fixture: ScriptFixture, _ transition: Transition, version: Int) async throws {
            var expected = try await fixture.bookingFields()
            let later = "1764000005000"
            expected["status"] = transition.status
            expected["version"] = String(version)
            expected["updatedAt"] = later
            let answer = try await fixture.book(transition.step, now: Int64(later)!, requestId: "r-7")
            #expect(answer.word == "APPLIED")
            #expect(try answer.fields() == expected)
            #expect(try await fixture.bookingFields() == expected)
            let events = try await fixture.events(of: "book")
            #expect(events.count == version)
            #expect(
                events.last == [
                    "eventType": transition.event, "timestamp": later, "bookId": ScriptFixture.booking(1), "museumId": "a1",
                    "visitor": "kim",
                    "seats": "2", "status": transition.status, "version": String(version), "createdAt": ScriptFixture.now,
                    "requestId": "r-7",
                ])
            _ = try Event(fields: events.last ?? [:])
            let again = try await fixture.skips("SKIPPED") { try await fixture.book(transition.step) }
            #expect(try again.fields() == expected)
        }
    }
}
