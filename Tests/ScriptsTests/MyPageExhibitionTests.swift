import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// mypage_exhibition: the newest picture of an exhibition, whole.
    struct MyPageExhibitionTests {
        private func call(_ fixture: ScriptFixture, _ version: Int, _ fields: [String], of exhibition: String = "a1") -> Command {
            Command(
                MyPageExhibition.script,
                keys: [fixture.keys.pageExhibition(exhibition), fixture.keys.purgedExhibitions(of: "mypage")],
                arguments: [String(version), exhibition] + fields)
        }

        private func apply(_ fixture: ScriptFixture, _ version: Int, _ fields: [String]) async throws -> ScriptFixture.Answer {
            try ScriptFixture.Answer(try await fixture.client.send(call(fixture, version, fields)))
        }

        @Test func replacesWhole() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await apply(fixture, 9, ["hall", "1", "title", "Moon"]).word == "APPLIED")
            #expect(
                try await fixture.fields(fixture.keys.pageExhibition("a1")) == ["version": "9", "hall": "1", "title": "Moon"])
            try await fixture.skips("STALE") { try await apply(fixture, 9, ["hall", "2"]) }
            #expect(try await apply(fixture, 10, ["hall", "2"]).word == "APPLIED")
            #expect(
                try await fixture.fields(fixture.keys.pageExhibition("a1")) == ["version": "10", "hall": "2"], "the title is gone"
            )
            try await fixture.skips("STALE") { try await apply(fixture, 9, ["hall", "1", "title", "Moon"]) }
        }

        @Test func ofAPurgedExhibitionNothingIsWritten() async throws {
            let fixture = try await ScriptFixture()
            _ = try await fixture.client.send("SADD", fixture.keys.purgedExhibitions(of: "mypage"), "a1")
            try await fixture.skips("PURGED") { try await apply(fixture, 9, ["hall", "1"]) }
            _ = try await fixture.client.send("SREM", fixture.keys.purgedExhibitions(of: "mypage"), "a1")
            #expect(try await apply(fixture, 9, ["hall", "1"]).word == "APPLIED")
        }

        @Test(arguments: [4, 5])
        func everyOrderEndsAlike(length: Int) async throws {
            let fixture = try await ScriptFixture()
            let orders = sequences(of: [1, 2, 3, 11], length: length)
            _ = try await fixture.run(
                orders.enumerated().flatMap { number, order in
                    order.map {
                        call(fixture, $0, $0 == 11 ? ["hall", "h11"] : ["hall", "h\($0)", "title", "t"], of: "a\(number + 1)")
                    }
                })
            for (number, order) in orders.enumerated() {
                let fields = try await fixture.fields(fixture.keys.pageExhibition("a\(number + 1)"))
                #expect(fields == ["version": "11", "hall": "h11"], "\(order)")
            }
        }
    }
}
