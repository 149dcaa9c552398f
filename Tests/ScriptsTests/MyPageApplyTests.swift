import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// mypage_apply: the two halves of a page, guarded apart.
    struct MyPageApplyTests {
        private enum ProjectionUpdate {
            case booking(Int, String)
            case admission(Int, String)

            static let all: [ProjectionUpdate] = [
                .booking(1, "REQUESTED"), .booking(2, "REQUEST_COMPLETED"), .booking(3, "CANCELED"), .admission(1, "CONFIRMED"),
                .admission(2, "CANCELED"),
            ]
        }

        private func call(_ fixture: ScriptFixture, _ news: ProjectionUpdate, _ booking: Int = 1, isListed: Bool = true)
            -> Command
        {
            let id = ScriptFixture.booking(booking)
            switch news {
            case .booking(let version, let status):
                return Command(
                    MyPageApply.script,
                    keys: [fixture.keys.page(id), fixture.keys.purgedExhibitions(of: "mypage")]
                        + (isListed ? [fixture.keys.pages(of: "kim"), fixture.keys.visitors] : []),
                    arguments: ["bookVersion", String(version), id, "77", "kim", "status", status, "updatedAt", "b\(version)"])
            case .admission(let version, let status):
                return Command(
                    MyPageApply.script, keys: [fixture.keys.page(id), fixture.keys.purgedExhibitions(of: "mypage")],
                    arguments: [
                        "admissionVersion", String(version), id, "", "", "admission", status, "admissionUpdatedAt", "a\(version)",
                    ])
            }
        }

        private func apply(_ fixture: ScriptFixture, _ news: ProjectionUpdate, isListed: Bool = true) async throws
            -> ScriptFixture.Answer
        {
            try ScriptFixture.Answer(try await fixture.client.send(call(fixture, news, isListed: isListed)))
        }

        @Test func theHalvesAreGuardedApart() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await apply(fixture, .booking(3, "CANCELED")).word == "APPLIED")
            #expect(try await apply(fixture, .admission(1, "CONFIRMED")).word == "APPLIED", "a lower version of the other half")
            #expect(try await apply(fixture, .admission(4, "CANCELED")).word == "APPLIED")
            #expect(
                try await apply(fixture, .booking(4, "FORCE_CANCELED")).word == "APPLIED", "the same version as the other half")
            #expect(
                try await fixture.fields(fixture.keys.page(ScriptFixture.booking(1))) == [
                    "bookVersion": "4", "status": "FORCE_CANCELED", "updatedAt": "b4", "admissionVersion": "4",
                    "admission": "CANCELED", "admissionUpdatedAt": "a4",
                ])
            try await fixture.skips("STALE") { try await apply(fixture, .booking(4, "REQUESTED")) }
            try await fixture.skips("STALE") { try await apply(fixture, .admission(3, "CONFIRMED")) }
            #expect(try await apply(fixture, .booking(10, "CANCELED")).word == "APPLIED", "versions are numbers")
        }

        /// A consumer may sleep with an event in flight that another one has applied long ago.
        @Test func ofAPurgedExhibitionNothingIsWritten() async throws {
            let fixture = try await ScriptFixture()
            _ = try await fixture.client.send("SADD", fixture.keys.purgedExhibitions(of: "mypage"), "a1")
            for news in ProjectionUpdate.all { try await fixture.skips("PURGED") { try await apply(fixture, news) } }
            _ = try await fixture.client.send("SREM", fixture.keys.purgedExhibitions(of: "mypage"), "a1")
            for news in ProjectionUpdate.all { #expect(try await apply(fixture, news).word == "APPLIED") }
        }

        @Test func onlyTheBookingHalfIsListed() async throws {
            let fixture = try await ScriptFixture()
            _ = try await apply(fixture, .admission(1, "CONFIRMED"))
            #expect(try await fixture.client.send("KEYS", "*") == .array([.text(fixture.keys.page(ScriptFixture.booking(1)))]))
            #expect(try await fixture.fields(fixture.keys.page(ScriptFixture.booking(1)))["bookVersion"] == nil)
            _ = try await apply(fixture, .booking(1, "REQUESTED"))
            #expect(try await fixture.scores(fixture.keys.pages(of: "kim")) == [ScriptFixture.booking(1): "77"])
            #expect(try await fixture.scores(fixture.keys.visitors) == ["kim": "0"])
        }

        @Test func whatWasAbortedIsOnNobodysList() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await apply(fixture, .booking(1, "ABORTED"), isListed: false).word == "APPLIED")
            #expect(try await fixture.client.send("DBSIZE") == .integer(1))
        }

        @Test(arguments: [5, 6])
        func everyOrderEndsAlike(length: Int) async throws {
            let fixture = try await ScriptFixture()
            let orders = sequences(of: Array(ProjectionUpdate.all.indices), length: length)
            _ = try await fixture.run(
                orders.enumerated().flatMap { number, order in order.map { call(fixture, ProjectionUpdate.all[$0], number) } })
            for (number, order) in orders.enumerated() {
                let fields = try await fixture.fields(fixture.keys.page(ScriptFixture.booking(number)))
                #expect(
                    fields == [
                        "bookVersion": "3", "status": "CANCELED", "updatedAt": "b3", "admissionVersion": "2",
                        "admission": "CANCELED",
                        "admissionUpdatedAt": "a2",
                    ], "\(order)")
            }
            #expect(try await fixture.scores(fixture.keys.pages(of: "kim")).count == orders.count)
            #expect(try await fixture.scores(fixture.keys.visitors) == ["kim": "0"])
        }
    }
}
