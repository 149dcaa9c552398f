import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// mypage_apply: the two halves of a page, guarded apart.
    struct MyPageApplyTests {
        private enum News {
            case booking(Int, String)
            case admission(Int, String)

            static let all: [News] = [
                .booking(1, "REQUESTED"), .booking(2, "REQUEST_COMPLETED"), .booking(3, "CANCELED"), .admission(1, "CONFIRMED"),
                .admission(2, "CANCELED"),
            ]
        }

        private func call(_ bench: Bench, _ news: News, _ booking: Int = 1, isListed: Bool = true) -> Command {
            let id = Bench.booking(booking)
            switch news {
            case .booking(let version, let status):
                return Command(
                    Scripts.myPageApply,
                    keys: [bench.keys.page(id), bench.keys.purgedExhibitions(of: "mypage")]
                        + (isListed ? [bench.keys.pages(of: "kim"), bench.keys.visitors] : []),
                    arguments: ["bookVersion", String(version), id, "77", "kim", "status", status, "updatedAt", "b\(version)"])
            case .admission(let version, let status):
                return Command(
                    Scripts.myPageApply, keys: [bench.keys.page(id), bench.keys.purgedExhibitions(of: "mypage")],
                    arguments: [
                        "admissionVersion", String(version), id, "", "", "admission", status, "admissionUpdatedAt", "a\(version)",
                    ])
            }
        }

        private func apply(_ bench: Bench, _ news: News, isListed: Bool = true) async throws -> Bench.Answer {
            try Bench.Answer(try await bench.client.send(call(bench, news, isListed: isListed)))
        }

        @Test func theHalvesAreGuardedApart() async throws {
            let bench = try await Bench()
            #expect(try await apply(bench, .booking(3, "CANCELED")).word == "APPLIED")
            #expect(try await apply(bench, .admission(1, "CONFIRMED")).word == "APPLIED", "a lower version of the other half")
            #expect(try await apply(bench, .admission(4, "CANCELED")).word == "APPLIED")
            #expect(try await apply(bench, .booking(4, "FORCE_CANCELED")).word == "APPLIED", "the same version as the other half")
            #expect(
                try await bench.fields(bench.keys.page(Bench.booking(1))) == [
                    "bookVersion": "4", "status": "FORCE_CANCELED", "updatedAt": "b4", "admissionVersion": "4",
                    "admission": "CANCELED", "admissionUpdatedAt": "a4",
                ])
            try await bench.skips("STALE") { try await apply(bench, .booking(4, "REQUESTED")) }
            try await bench.skips("STALE") { try await apply(bench, .admission(3, "CONFIRMED")) }
            #expect(try await apply(bench, .booking(10, "CANCELED")).word == "APPLIED", "versions are numbers")
        }

        /// A consumer may sleep with an event in flight that another one has applied long ago.
        @Test func ofAPurgedExhibitionNothingIsWritten() async throws {
            let bench = try await Bench()
            _ = try await bench.client.send("SADD", bench.keys.purgedExhibitions(of: "mypage"), "a1")
            for news in News.all { try await bench.skips("PURGED") { try await apply(bench, news) } }
            _ = try await bench.client.send("SREM", bench.keys.purgedExhibitions(of: "mypage"), "a1")
            for news in News.all { #expect(try await apply(bench, news).word == "APPLIED") }
        }

        @Test func onlyTheBookingHalfIsListed() async throws {
            let bench = try await Bench()
            _ = try await apply(bench, .admission(1, "CONFIRMED"))
            #expect(try await bench.client.send("KEYS", "*") == .array([.text(bench.keys.page(Bench.booking(1)))]))
            #expect(try await bench.fields(bench.keys.page(Bench.booking(1)))["bookVersion"] == nil)
            _ = try await apply(bench, .booking(1, "REQUESTED"))
            #expect(try await bench.scores(bench.keys.pages(of: "kim")) == [Bench.booking(1): "77"])
            #expect(try await bench.scores(bench.keys.visitors) == ["kim": "0"])
        }

        @Test func whatWasAbortedIsOnNobodysList() async throws {
            let bench = try await Bench()
            #expect(try await apply(bench, .booking(1, "ABORTED"), isListed: false).word == "APPLIED")
            #expect(try await bench.client.send("DBSIZE") == .integer(1))
        }

        @Test(arguments: [5, 6])
        func everyOrderEndsAlike(length: Int) async throws {
            let bench = try await Bench()
            let orders = sequences(of: Array(News.all.indices), length: length)
            _ = try await bench.run(
                orders.enumerated().flatMap { number, order in order.map { call(bench, News.all[$0], number) } })
            for (number, order) in orders.enumerated() {
                let fields = try await bench.fields(bench.keys.page(Bench.booking(number)))
                #expect(
                    fields == [
                        "bookVersion": "3", "status": "CANCELED", "updatedAt": "b3", "admissionVersion": "2",
                        "admission": "CANCELED",
                        "admissionUpdatedAt": "a2",
                    ], "\(order)")
            }
            #expect(try await bench.scores(bench.keys.pages(of: "kim")).count == orders.count)
            #expect(try await bench.scores(bench.keys.visitors) == ["kim": "0"])
        }
    }
}
