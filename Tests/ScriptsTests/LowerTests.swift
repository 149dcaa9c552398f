import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// book_lower, and museum_release of the seats that a booking does not keep.
    struct LowerTests {
        private func lower(_ fixture: ScriptFixture, to seats: Int, requestId: String = "r-7") async throws
            -> ScriptFixture.Answer
        {
            try await fixture.run(
                BookLower(
                    in: fixture.keys, now: ScriptFixture.moment + 5, requestId: requestId, booking: ScriptFixture.booking(1),
                    seats: seats))
        }

        @Test(arguments: [[], [.complete]] as [[ScriptFixture.BookStep]])
        func ofAnOpenBooking(steps: [ScriptFixture.BookStep]) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("ABSENT") { try await lower(fixture, to: 1) }
            try await fixture.book(.record, seats: 5)
            for step in steps { try await fixture.book(step) }
            var expected = try await fixture.bookingFields()
            for (number, seats) in [3, 2].enumerated() {
                let version = String(2 + steps.count + number)
                expected.merge(["seats": "\(seats)", "bookedSeats": "5", "version": version, "updatedAt": "1764000000005"]) { $1 }
                let answer = try await lower(fixture, to: seats)
                #expect(answer.word == "APPLIED")
                #expect(try answer.fields() == expected)
                #expect(try await fixture.bookingFields() == expected)
                let events = try await fixture.events(of: "book")
                #expect(
                    events.last == [
                        "eventType": "BookingChanged", "timestamp": "1764000000005", "bookId": ScriptFixture.booking(1),
                        "museumId": "a1", "visitor": "kim", "seats": "\(seats)", "status": expected["status"] ?? "",
                        "version": version, "createdAt": ScriptFixture.now, "requestId": "r-7",
                    ])
                _ = try Event(fields: events.last ?? [:])
                for more in [seats, seats + 1, 5, 6] {
                    let skipped = try await fixture.skips("SKIPPED") { try await lower(fixture, to: more) }
                    #expect(try skipped.fields() == expected)
                }
            }
            // What was booked is what a repeated request is compared with.
            try await fixture.skips("EXISTS") { try await fixture.book(.record, seats: 5) }
            try await fixture.skips("MISMATCH") { try await fixture.book(.record, seats: 2) }
            // Later events have the seats that are left.
            try await fixture.book(.cancel)
            #expect(try await fixture.events(of: "book").last?["seats"] == "2")
        }

        @Test(arguments: [.cancel, .forceCancel, .abort] as [ScriptFixture.BookStep])
        func notOfABookingThatIsOver(end: ScriptFixture.BookStep) async throws {
            let fixture = try await ScriptFixture()
            if end != .abort { try await fixture.book(.record, seats: 5) }
            try await fixture.book(end, seats: 5)
            let fields = try await fixture.bookingFields()
            let skipped = try await fixture.skips("SKIPPED") { try await lower(fixture, to: 1) }
            #expect(try skipped.fields() == fields)
        }

        @Test func withoutARequestIdThereIsNone() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.book(.record)
            _ = try await lower(fixture, to: 1, requestId: "")
            #expect(try await fixture.events(of: "book").last?["requestId"] == nil)
        }

        @Test func seatsThatAreNotKeptAreReleasedOnce() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 5), (2, 2))
            #expect(try await fixture.release(1, kept: 3).word == "RELEASED")
            #expect(try await fixture.balance() == 5)
            #expect(try await fixture.fields(fixture.seats) == [ScriptFixture.booking(1): "3", ScriptFixture.booking(2): "2"])
            let event = try #require(try await fixture.events().last)
            #expect(
                event == [
                    "eventType": "SeatsReleased", "timestamp": ScriptFixture.now, "museumId": "a1",
                    "bookId": ScriptFixture.booking(1), "seats": "2", "remaining": "3", "available": "5", "requestId": "r-4",
                ])
            _ = try Event(fields: event)
            for kept in [3, 4, 5, 10] { try await fixture.skips("ALREADY") { try await fixture.release(1, kept: kept) } }
            // A reserve that arrives late holds nothing more: what it asks for is not what is held.
            #expect(try await fixture.reserve((1, 5)) == ["MISMATCH 5"])
            #expect(try await fixture.reserve((1, 3)) == ["REPEATED 5"])
            #expect(try await fixture.release(1).word == "RELEASED")
            #expect(try await fixture.events().last?["seats"] == "3")
            #expect(try await fixture.balance() == 2)
        }

        /// There is nothing to keep: no tombstone, and no hold.
        @Test func whatHoldsNothingKeepsNothing() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.skips("NO_EXHIBITION") { try await fixture.release(1, kept: 2) }
            try await fixture.register(capacity: 10)
            try await fixture.skips("ABSENT") { try await fixture.release(1, kept: 2) }
            #expect(try await fixture.reserve((1, 5)) == ["RESERVED 5"])
            // After a tombstone it stays a tombstone.
            try await fixture.release(2)
            try await fixture.skips("ALREADY") { try await fixture.release(2, kept: 2) }
            #expect(try await fixture.reserve((2, 2)) == ["VOID 5"])
        }

        /// 5 seats that become 3 and then 2, and perhaps a cancel or a revocation: whatever comes first or twice, the least stands.
        @Test(arguments: [nil, "cancel", "revoke"])
        func everyOrderEndsAlike(end: String?) async throws {
            let steps = [3, 2] + (end == nil ? [] : [0])
            let fixture = try await ScriptFixture()
            for order in sequences(of: steps, length: steps.count + 1) {
                _ = try await fixture.client.send("FLUSHALL")
                try await fixture.register(capacity: 10)
                try await fixture.reserve((1, 5), (2, 1))
                if end == "revoke" { try await fixture.delete() }
                for kept in order {
                    if kept == 0, end == "revoke" { try await fixture.revoke() } else { try await fixture.release(1, kept: kept) }
                    try await fixture.balance()
                }
                let held = try await fixture.fields(fixture.seats)[ScriptFixture.booking(1)]
                #expect(held == (end == nil ? "2" : "0"), "\(order)")
                let released = try await fixture.events().filter {
                    $0["bookId"] == ScriptFixture.booking(1) && $0["eventType"] != "SeatsReserved"
                }
                #expect(released.compactMap { Int($0["seats"] ?? "") }.reduce(0, +) == (end == nil ? 3 : 5), "\(order)")
                #expect(released.last?["remaining"] == (end == nil ? "2" : nil), "\(order)")
            }
        }
    }
}
