import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// record_rename, mypage_rename, mypage_remove: what the operator's commands do to a visitor's records.
    struct VisitorScriptTests {
        private let id = Bench.booking(1)

        private func addPage(_ bench: Bench, _ number: Int, visitor: String = "kim") async throws {
            let id = Bench.booking(number)
            _ = try await bench.run(
                Scripts.myPageApply,
                [
                    bench.keys.page(id), bench.keys.purgedExhibitions(of: "mypage"), bench.keys.pages(of: visitor),
                    bench.keys.visitors,
                ],
                ["bookVersion", "1", id, "7\(number)", visitor, "visitor", visitor, "seats", "2"])
        }

        @Test func aRecordIsRenamedOnce() async throws {
            let bench = try await Bench()
            try await bench.book(.record)
            let before = try await bench.bookingFields()
            let key = bench.keys.booking(id)
            #expect(try await bench.run(Scripts.recordRename, [key], ["kim", "forgotten-1"]).word == "RENAMED")
            #expect(try await bench.bookingFields() == before.merging(["visitor": "forgotten-1"]) { $1 }, "the version stays")
            try await bench.skips("SKIPPED") { try await bench.run(Scripts.recordRename, [key], ["kim", "forgotten-1"]) }
            try await bench.skips("SKIPPED") {
                try await bench.run(Scripts.recordRename, [bench.keys.booking(Bench.booking(2))], ["kim", "forgotten-1"])
            }
        }

        private func rename(_ bench: Bench, _ number: Int) async throws -> Bench.Answer {
            let id = Bench.booking(number)
            return try await bench.run(
                Scripts.myPageRename,
                [bench.keys.page(id), bench.keys.pages(of: "kim"), bench.keys.pages(of: "forgotten-1"), bench.keys.visitors],
                [id, "kim", "forgotten-1"])
        }

        @Test func aPageMovesToTheOtherList() async throws {
            let bench = try await Bench()
            try await addPage(bench, 1)
            try await addPage(bench, 2)
            #expect(try await rename(bench, 2).word == "RENAMED")
            #expect(try await bench.scores(bench.keys.visitors) == ["kim": "0", "forgotten-1": "0"], "one is left")
            #expect(try await rename(bench, 1).word == "RENAMED")
            #expect(try await bench.scores(bench.keys.visitors) == ["forgotten-1": "0"])
            #expect(try await bench.scores(bench.keys.pages(of: "kim")) == [:])
            #expect(
                try await bench.scores(bench.keys.pages(of: "forgotten-1")) == [Bench.booking(1): "71", Bench.booking(2): "72"])
            #expect(try await bench.fields(bench.keys.page(id))["visitor"] == "forgotten-1")
            try await bench.skips("SKIPPED") { try await rename(bench, 1) }
        }

        @Test func aHalfThatIsLeftIsRenamedToo() async throws {
            let bench = try await Bench()
            try await addPage(bench, 1)
            _ = try await bench.client.send("DEL", bench.keys.page(id))
            #expect(try await rename(bench, 1).word == "RENAMED", "an entry on the list alone")
            #expect(try await bench.client.send("EXISTS", bench.keys.page(id)) == .integer(0))
            _ = try await bench.client.send("HSET", bench.keys.page(id), "visitor", "kim")
            #expect(try await rename(bench, 1).word == "RENAMED", "a page alone")
            #expect(try await bench.scores(bench.keys.pages(of: "forgotten-1")) == [id: "71"])
        }

        private func remove(_ bench: Bench, _ number: Int, of visitor: String = "kim") async throws -> Bench.Answer {
            let id = Bench.booking(number)
            return try await bench.run(
                Scripts.myPageRemove, [bench.keys.page(id), bench.keys.pages(of: visitor), bench.keys.visitors], [id, visitor])
        }

        @Test func aRowThatWasRenamedMeanwhileStays() async throws {
            let bench = try await Bench()
            try await addPage(bench, 1)
            #expect(try await rename(bench, 1).word == "RENAMED")
            try await bench.skips("CHANGED") { try await remove(bench, 1) }
            try await bench.skips("CHANGED") {
                try await bench.run(Scripts.myPageRemove, [bench.keys.page(id)], [id, ""])
            }
            #expect(try await remove(bench, 1, of: "forgotten-1").word == "REMOVED")
            #expect(try await bench.client.send("DBSIZE") == .integer(0))
        }

        @Test func aPageGoesAndTheLastOneTakesItsVisitorAlong() async throws {
            let bench = try await Bench()
            try await addPage(bench, 1)
            try await addPage(bench, 2)
            #expect(try await remove(bench, 1).word == "REMOVED")
            #expect(try await bench.scores(bench.keys.pages(of: "kim")) == [Bench.booking(2): "72"])
            #expect(try await bench.scores(bench.keys.visitors) == ["kim": "0"])
            try await bench.skips("CHANGED") { try await remove(bench, 1) }
            try await bench.skips("ABSENT") { try await bench.run(Scripts.myPageRemove, [bench.keys.page(id)], [id, ""]) }
            #expect(try await remove(bench, 2).word == "REMOVED")
            #expect(try await bench.client.send("DBSIZE") == .integer(0))
            #expect(try await bench.run(Scripts.myPageRemove, [bench.keys.page(id)], [id, ""]).word == "ABSENT")
        }
    }
}
