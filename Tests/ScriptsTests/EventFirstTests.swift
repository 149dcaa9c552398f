import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// Decide everything, then XADD, then write: where the event is refused, nothing else is written.
    struct EventFirstTests {
        struct Change: Sendable, CustomTestStringConvertible {
            let name: String
            /// Whose events it adds to.
            let room: String
            let prepare: @Sendable (Bench) async throws -> Void
            let run: @Sendable (Bench) async throws -> Void
            var testDescription: String { name }
        }

        static let changes: [Change] = [
            Change(name: "museum_register", room: "museum", prepare: { _ in }, run: { try await $0.register() }),
            Change(
                name: "museum_edit", room: "museum", prepare: { try await $0.register() },
                run: { try await $0.edit(at: 1, plan: ["", "Hall 2", "2099-12-25", "", ""], capacity: 5) }),
            Change(
                name: "museum_reserve", room: "museum", prepare: { try await $0.register() },
                run: { try await $0.reserve((1, 2), (2, 3)) }),
            Change(
                name: "museum_release", room: "museum",
                prepare: {
                    try await $0.register()
                    try await $0.reserve((1, 2))
                }, run: { try await $0.release(1) }),
            Change(
                name: "museum_delete", room: "museum", prepare: { try await $0.register() }, run: { try await $0.delete() }),
            Change(
                name: "museum_retire", room: "museum", prepare: { try await $0.register() },
                run: { try await $0.retire(before: "2100-01-01", after: "2099-12-31") }),
            Change(
                name: "museum_revoke", room: "museum",
                prepare: {
                    try await $0.register()
                    try await $0.reserve((1, 2), (2, 3))
                    try await $0.delete()
                }, run: { try await $0.revoke() }),
            Change(name: "book_record", room: "book", prepare: { _ in }, run: { try await $0.book(.record) }),
            Change(name: "book_abort", room: "book", prepare: { _ in }, run: { try await $0.book(.abort) }),
            Change(
                name: "book_complete", room: "book", prepare: { try await $0.book(.record) },
                run: { try await $0.book(.complete) }),
            Change(
                name: "book_cancel", room: "book", prepare: { try await $0.book(.record) }, run: { try await $0.book(.cancel) }),
            Change(
                name: "book_force_cancel", room: "book", prepare: { try await $0.book(.record) },
                run: { try await $0.book(.forceCancel) }),
            Change(
                name: "confirm_apply", room: "confirm", prepare: { _ in },
                run: { bench in
                    let id = Bench.booking(1)
                    _ = try await bench.run(
                        Scripts.confirmApply,
                        [
                            bench.keys.admission(id), bench.keys.admissions(to: "a1"), bench.keys.exhibitionsWithAdmissions,
                            bench.keys.events(of: "confirm"), bench.keys.purgedExhibitions(of: "confirm"),
                        ], [Bench.now, "", id, "a1", "kim", "2", "CONFIRMED", "2", "1"])
                }),
        ]

        @Test(arguments: changes)
        func aRefusedEventLeavesNothing(_ change: Change) async throws {
            let bench = try await Bench()
            try await change.prepare(bench)
            let events = bench.keys.events(of: change.room)
            _ = try await bench.client.send("SET", events, "not a stream")
            let error = try await bench.silently {
                await #expect(throws: RedisError.self) { try await change.run(bench) }
            }
            guard case .server(let message) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(message.contains("WRONGTYPE"), "the fault has struck")

            // And with a stream in its place all of it is written.
            _ = try await bench.client.send("DEL", events)
            let before = try await Dump(bench.client)
            try await change.run(bench)
            let after = try await Dump(bench.client)
            #expect(try await bench.events(of: change.room).isEmpty == false)
            #expect(after.keys.filter { $0.key != events } != before.keys)
        }

        /// Every script that names XADD is tried above.
        @Test func noneIsLeftOut() {
            let adding = Set(ScriptSourcesTests.all.filter { $0.source.contains("'XADD'") }.map(\.name))
            #expect(adding == Set(Self.changes.map(\.name)))
        }
    }
}
