import Redis
import Scripts
import TestSupport
import Testing

extension AllScriptsTests {
    /// A script that takes many elements does in one call what it does in one call for each, in the same order: the same codes,
    /// the same records, the same events. An element may come twice in a call.
    struct BatchTests {
        /// One element of a call: its booking, and what differs between elements.
        private typealias Make<Element> = (_ booking: Int, _ variant: Int) -> Element

        /// Runs the same elements one by one on one server and in batches on another one.
        /// - Parameters:
        ///   - prepare: what both servers hold before.
        ///   - make: the element of a booking, in one of three variants.
        ///   - call: the call for some elements.
        private func compare<Element: Sendable, Call: BatchCall>(
            prepare: (ScriptFixture) async throws -> Void, make: Make<Element>, call: (Keys, [Element]) -> Call,
            location: SourceLocation = #_sourceLocation
        ) async throws where Call.Element: Sendable {
            let (single, batched) = (try await ScriptFixture(), try await ScriptFixture())
            try await prepare(single)
            try await prepare(batched)
            var random = SeededRandom(seed: 11)
            var codes: Set<String> = []
            for _ in 0..<40 {
                // Few bookings, so that most come more than once, many of them in one call.
                let elements = (0..<Int.random(in: 1...64, using: &random)).map { _ in
                    make(Int.random(in: 0..<90, using: &random), Int.random(in: 0..<3, using: &random))
                }
                var answers: [String] = []
                for element in elements {
                    answers += try await single.client.run(call(single.keys, [element])).map { "\($0)" }
                }
                let together = try await batched.client.run(call(batched.keys, elements)).map { Self.stable("\($0)") }
                #expect(together == answers.map(Self.stable), sourceLocation: location)
                codes.formUnion(together.map { String($0.prefix { $0 != "(" }) })
            }
            #expect(try await records(single) == records(batched), sourceLocation: location)
            for service in ["museum", "book", "confirm"] {
                #expect(
                    try await single.events(of: service) == batched.events(of: service), sourceLocation: location)
            }
            #expect(codes.count > 1, "\(codes)", sourceLocation: location)
        }

        /// A result as text. A dictionary has no order: its characters are sorted.
        private static func stable(_ text: String) -> String {
            text.contains("[") ? String(text.prefix { $0 != "(" }) + "(" + String(text.sorted()) : text
        }

        /// Everything that is no stream.
        private func records(_ fixture: ScriptFixture) async throws -> [String: [String]] {
            try await Dump(fixture.client).keys.filter { $0.value[0] != "stream" }
        }

        private static func exhibition(_ booking: Int) -> String { booking.isMultiple(of: 3) ? "a2" : "a1" }
        private static func id(_ booking: Int) -> String {
            exhibition(booking) + ScriptFixture.booking(booking).dropFirst(2)
        }

        /// Every third booking is of a2, every tenth of a3, which is purged.
        @Test func record() async throws {
            try await compare { fixture in
                for booking in stride(from: 0, to: 90, by: 7) { try await fixture.book(.abort, booking) }
                _ = try await fixture.client.send("SADD", fixture.keys.purgedExhibitions(of: "book"), "a3")
            } make: { booking, variant in
                BookRecord.Booking(
                    id: booking.isMultiple(of: 7) ? ScriptFixture.booking(booking) : Self.id(booking),
                    exhibition: booking.isMultiple(of: 10) ? "a3" : Self.exhibition(booking), visitor: "kim",
                    seats: 1 + variant / 2, now: 1000 + Int64(variant), requestId: variant == 0 ? nil : "r-\(variant)",
                    traceparent: variant == 1 ? "t" : nil,
                    details: [[:], ["note": "n-\(booking)"], ["name": "Kim", "contact": "c"]][(booking + variant) % 3])
            } call: {
                BookRecord(in: $0, bookings: $1)
            }
        }

        @Test(
            arguments: [
                ("RequestCompleted", "REQUEST_COMPLETED", ["REQUESTED"]),
                ("Canceled", "CANCELED", ["REQUESTED", "REQUEST_COMPLETED"]),
            ], [true, false])
        func transition(_ kind: (event: String, status: String, from: [String]), returnsFields: Bool) async throws {
            try await compare { fixture in
                for booking in 0..<60 { try await fixture.book(.record, booking) }
                for booking in stride(from: 0, to: 60, by: 4) { try await fixture.book(.complete, booking) }
                for booking in stride(from: 1, to: 60, by: 4) { try await fixture.book(.forceCancel, booking) }
            } make: { booking, variant in
                BookTransition.Booking(
                    id: ScriptFixture.booking(booking), requestId: variant == 0 ? nil : "r-\(variant)",
                    traceparent: variant == 1 ? "t" : nil)
            } call: {
                BookTransition(
                    in: $0, now: 5000, event: kind.event, to: kind.status, from: kind.from, bookings: $1,
                    returnsFields: returnsFields)
            }
        }

        /// Bookings of two exhibitions, and of one that nobody has registered.
        @Test func release() async throws {
            try await compare { fixture in
                try await fixture.register(capacity: 200)
                try await fixture.register(capacity: 200, id: "a2")
                try await fixture.reserve((0..<60).map { ($0, 1 + $0 % 3) })
            } make: { booking, variant in
                MuseumRelease.Booking(
                    id: ScriptFixture.booking(booking), exhibition: booking == 89 ? "a9" : booking > 80 ? "a2" : "a1",
                    kept: booking % 4 == 0 ? 0 : variant, requestId: variant == 0 ? nil : "r-\(variant)",
                    traceparent: variant == 1 ? "t" : nil)
            } call: {
                MuseumRelease(in: $0, now: 5000, bookings: $1)
            }
        }

        @Test func confirm() async throws {
            let statuses = ["CONFIRMED", "CANCELED", "FORCE_CANCELED"]
            try await compare { fixture in
                _ = try await fixture.client.send("SADD", fixture.keys.purgedExhibitions(of: "confirm"), "a3")
            } make: { booking, variant in
                ConfirmApply.Booking(
                    id: Self.id(booking), exhibition: booking.isMultiple(of: 10) ? "a3" : Self.exhibition(booking),
                    visitor: "kim", seats: 3 - variant, status: statuses[variant], version: 2 + variant,
                    createdAt: Int64(booking), requestId: variant == 0 ? nil : "r-\(variant)",
                    traceparent: variant == 1 ? "t" : nil)
            } call: {
                ConfirmApply(in: $0, now: 5000, bookings: $1)
            }
        }

        @Test func bookingHalf() async throws {
            let statuses = ["REQUESTED", "REQUEST_COMPLETED", "CANCELED"]
            try await compare { fixture in
                _ = try await fixture.client.send("SADD", fixture.keys.purgedExhibitions(of: "mypage"), "a3")
            } make: { booking, variant in
                MyPageBooking.Booking(
                    id: Self.id(booking), version: 1 + variant,
                    exhibition: booking.isMultiple(of: 10) ? "a3" : Self.exhibition(booking), visitor: "visitor-\(booking % 5)",
                    seats: 3 - variant, status: booking.isMultiple(of: 11) ? "ABORTED" : statuses[variant],
                    createdAt: Int64(booking), updatedAt: Int64(100 + variant))
            } call: {
                MyPageBooking(in: $0, bookings: $1)
            }
        }

        @Test func admissionHalf() async throws {
            try await compare { fixture in
                _ = try await fixture.client.send("SADD", fixture.keys.purgedExhibitions(of: "mypage"), "a3")
            } make: { booking, variant in
                MyPageAdmission.Admission(
                    booking: Self.id(booking), version: 1 + variant,
                    exhibition: booking.isMultiple(of: 10) ? "a3" : Self.exhibition(booking),
                    status: ["CONFIRMED", "CANCELED", "FORCE_CANCELED"][variant], updatedAt: Int64(100 + variant))
            } call: {
                MyPageAdmission(in: $0, admissions: $1)
            }
        }

        /// A record of the wrong type fails the call before anything is written.
        @Test func oneBadMemberLeavesNothing() async throws {
            let fixture = try await ScriptFixture()
            _ = try await fixture.client.send("SET", fixture.keys.booking(ScriptFixture.booking(2)), "no hash")
            _ = try await fixture.client.send("SET", fixture.keys.page(ScriptFixture.booking(2)), "no hash")
            _ = try await fixture.client.send("SET", fixture.keys.admission(ScriptFixture.booking(2)), "no hash")
            let ids = [1, 2, 3].map(ScriptFixture.booking)
            let calls: [any ScriptCall] = [
                BookRecord(
                    in: fixture.keys,
                    bookings: ids.map {
                        BookRecord.Booking(id: $0, exhibition: "a1", visitor: "kim", seats: 1, now: 1, requestId: nil)
                    }),
                ConfirmApply(
                    in: fixture.keys, now: 1,
                    bookings: ids.map {
                        ConfirmApply.Booking(
                            id: $0, exhibition: "a1", visitor: "kim", seats: 1, status: "CONFIRMED", version: 2, createdAt: 1,
                            requestId: nil)
                    }),
                MyPageBooking(
                    in: fixture.keys,
                    bookings: ids.map {
                        MyPageBooking.Booking(
                            id: $0, version: 1, exhibition: "a1", visitor: "kim", seats: 1, status: "REQUESTED", createdAt: 1,
                            updatedAt: 1)
                    }),
                MyPageAdmission(
                    in: fixture.keys,
                    admissions: ids.map {
                        MyPageAdmission.Admission(booking: $0, version: 1, exhibition: "a1", status: "CONFIRMED", updatedAt: 1)
                    }),
            ]
            for call in calls {
                let error = try await fixture.silently {
                    await #expect(throws: RedisError.self) { try await fixture.client.send(Command(call)) }
                }
                guard case .server(let message) = error else { Issue.record("\(String(describing: error))"); continue }
                #expect(message.contains("WRONGTYPE"))
            }
        }
    }
}
