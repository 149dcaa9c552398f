import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// Decide everything, then XADD, then write: where the event is refused, nothing else is written.
    struct EventFirstTests {
        struct Change: Sendable, CustomTestStringConvertible {
            let name: String
            /// Whose events it adds to.
            let service: String
            let prepare: @Sendable (ScriptFixture) async throws -> Void
            let run: @Sendable (ScriptFixture) async throws -> Void
            var testDescription: String { name }
        }

        static let changes: [Change] = [
            Change(name: "museum_register", service: "museum", prepare: { _ in }, run: { try await $0.register() }),
            Change(
                name: "museum_edit", service: "museum", prepare: { try await $0.register() },
                run: { try await $0.edit(at: 1, plan: ["", "Hall 2", "2099-12-25", "", ""], capacity: 5) }),
            Change(
                name: "museum_reserve", service: "museum", prepare: { try await $0.register() },
                run: { try await $0.reserve((1, 2), (2, 3)) }),
            Change(
                name: "museum_release", service: "museum",
                prepare: {
                    try await $0.register()
                    try await $0.reserve((1, 2))
                }, run: { try await $0.release(1) }),
            Change(
                name: "museum_delete", service: "museum", prepare: { try await $0.register() }, run: { try await $0.delete() }),
            Change(
                name: "museum_retire", service: "museum", prepare: { try await $0.register() },
                run: { try await $0.retire(before: "2100-01-01", after: "2099-12-31") }),
            Change(
                name: "museum_revoke", service: "museum",
                prepare: {
                    try await $0.register()
                    try await $0.reserve((1, 2), (2, 3))
                    try await $0.delete()
                }, run: { try await $0.revoke() }),
            Change(name: "book_record", service: "book", prepare: { _ in }, run: { try await $0.book(.record) }),
            Change(name: "book_abort", service: "book", prepare: { _ in }, run: { try await $0.book(.abort) }),
            Change(
                name: "book_transition complete", service: "book", prepare: { try await $0.book(.record) },
                run: { try await $0.book(.complete) }),
            Change(
                name: "book_transition cancel", service: "book", prepare: { try await $0.book(.record) },
                run: { try await $0.book(.cancel) }),
            Change(
                name: "book_lower", service: "book", prepare: { try await $0.book(.record) },
                run: { try await $0.book(.lower) }),
            Change(
                name: "museum_release of some seats", service: "museum",
                prepare: {
                    try await $0.register()
                    try await $0.reserve((1, 2))
                }, run: { try await $0.release(1, kept: 1) }),
            Change(
                name: "book_transition forceCancel", service: "book", prepare: { try await $0.book(.record) },
                run: { try await $0.book(.forceCancel) }),
            Change(
                name: "confirm_apply", service: "confirm", prepare: { _ in },
                run: { fixture in
                    _ = try await fixture.run(
                        ConfirmApply(
                            in: fixture.keys, now: ScriptFixture.moment,
                            bookings: [1, 2].map {
                                ConfirmApply.Booking(
                                    id: ScriptFixture.booking($0), exhibition: "a1", visitor: "kim", seats: 2,
                                    status: "CONFIRMED", version: 2, createdAt: 1, requestId: nil)
                            }))
                }),
        ]

        @Test(arguments: changes)
        func aRefusedEventLeavesNothing(_ change: Change) async throws {
            let fixture = try await ScriptFixture()
            try await change.prepare(fixture)
            let events = fixture.keys.events(of: change.service)
            _ = try await fixture.client.send("SET", events, "not a stream")
            let error = try await fixture.silently {
                await #expect(throws: RedisError.self) { try await change.run(fixture) }
            }
            guard case .server(let message) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(message.contains("WRONGTYPE"), "the fault has struck")

            // And with a stream in its place all of it is written.
            _ = try await fixture.client.send("DEL", events)
            let before = try await Dump(fixture.client)
            try await change.run(fixture)
            let after = try await Dump(fixture.client)
            #expect(try await fixture.events(of: change.service).isEmpty == false)
            #expect(after.keys.filter { $0.key != events } != before.keys)
        }

        /// Every script that names XADD is tried above.
        @Test func noneIsLeftOut() {
            let adding = Set(Scripts.all.filter { $0.source.contains("'XADD'") }.map(\.name))
            #expect(adding == Set(Self.changes.map { String($0.name.prefix { $0 != " " }) }))
        }
    }
}
