import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// mypage_exhibition: the newest picture of an exhibition, whole.
    struct MyPageExhibitionTests {
        private func call(_ bench: Bench, _ version: Int, _ fields: [String], of exhibition: String = "a1") -> Command {
            Command(
                Scripts.myPageExhibition,
                keys: [bench.keys.pageExhibition(exhibition), bench.keys.purgedExhibitions(of: "mypage")],
                arguments: [String(version), exhibition] + fields)
        }

        private func apply(_ bench: Bench, _ version: Int, _ fields: [String]) async throws -> Bench.Answer {
            try Bench.Answer(try await bench.client.send(call(bench, version, fields)))
        }

        @Test func replacesWhole() async throws {
            let bench = try await Bench()
            #expect(try await apply(bench, 9, ["hall", "1", "title", "Moon"]).word == "APPLIED")
            #expect(try await bench.fields(bench.keys.pageExhibition("a1")) == ["version": "9", "hall": "1", "title": "Moon"])
            try await bench.skips("STALE") { try await apply(bench, 9, ["hall", "2"]) }
            #expect(try await apply(bench, 10, ["hall", "2"]).word == "APPLIED")
            #expect(
                try await bench.fields(bench.keys.pageExhibition("a1")) == ["version": "10", "hall": "2"], "the title is gone")
            try await bench.skips("STALE") { try await apply(bench, 9, ["hall", "1", "title", "Moon"]) }
        }

        @Test func ofAPurgedExhibitionNothingIsWritten() async throws {
            let bench = try await Bench()
            _ = try await bench.client.send("SADD", bench.keys.purgedExhibitions(of: "mypage"), "a1")
            try await bench.skips("PURGED") { try await apply(bench, 9, ["hall", "1"]) }
            _ = try await bench.client.send("SREM", bench.keys.purgedExhibitions(of: "mypage"), "a1")
            #expect(try await apply(bench, 9, ["hall", "1"]).word == "APPLIED")
        }

        @Test(arguments: [4, 5])
        func everyOrderEndsAlike(length: Int) async throws {
            let bench = try await Bench()
            let orders = sequences(of: [1, 2, 3, 11], length: length)
            _ = try await bench.run(
                orders.enumerated().flatMap { number, order in
                    order.map {
                        call(bench, $0, $0 == 11 ? ["hall", "h11"] : ["hall", "h\($0)", "title", "t"], of: "a\(number + 1)")
                    }
                })
            for (number, order) in orders.enumerated() {
                let fields = try await bench.fields(bench.keys.pageExhibition("a\(number + 1)"))
                #expect(fields == ["version": "11", "hall": "h11"], "\(order)")
            }
        }
    }
}
