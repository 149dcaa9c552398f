import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// confirm_apply: an admission follows its booking by the booking's version, whatever the order.
    struct ConfirmApplyTests {
        private struct News: Equatable {
            let status: String
            let version: Int
        }

        private func call(_ bench: Bench, _ news: News, _ booking: Int = 1) -> Command {
            let id = Bench.booking(booking)
            return Command(
                Scripts.confirmApply,
                keys: [
                    bench.keys.admission(id), bench.keys.admissions(to: "a1"), bench.keys.exhibitionsWithAdmissions,
                    bench.keys.events(of: "confirm"), bench.keys.purgedExhibitions(of: "confirm"),
                ],
                arguments: [
                    "\(Int(Bench.now)! + news.version)", "", id, "a1", "kim", "2", news.status, String(news.version), "77",
                ])
        }

        private func apply(_ bench: Bench, _ status: String, _ version: Int) async throws -> Bench.Answer {
            try Bench.Answer(try await bench.client.send(call(bench, News(status: status, version: version))))
        }

        @Test func completedThenCanceled() async throws {
            let bench = try await Bench()
            #expect(try await apply(bench, "CONFIRMED", 2).word == "APPLIED")
            var fields = [
                "visitor": "kim", "museumId": "a1", "seats": "2", "status": "CONFIRMED", "version": "1", "bookVersion": "2",
                "updatedAt": "1764000000002",
            ]
            #expect(try await bench.fields(bench.keys.admission(Bench.booking(1))) == fields)
            #expect(try await bench.scores(bench.keys.admissions(to: "a1")) == [Bench.booking(1): "77"])
            #expect(try await bench.scores(bench.keys.exhibitionsWithAdmissions) == ["a1": "0"])
            try await bench.skips("STALE") { try await apply(bench, "CONFIRMED", 2) }

            #expect(try await apply(bench, "CANCELED", 3).word == "APPLIED")
            fields.merge(["status": "CANCELED", "version": "2", "bookVersion": "3", "updatedAt": "1764000000003"]) { $1 }
            #expect(try await bench.fields(bench.keys.admission(Bench.booking(1))) == fields)
            try await bench.skips("STALE") { try await apply(bench, "CANCELED", 3) }
            try await bench.skips("STALE") { try await apply(bench, "CONFIRMED", 2) }

            let events = try await bench.events(of: "confirm")
            #expect(
                events == [
                    [
                        "eventType": "ConfirmCompleted", "timestamp": "1764000000002", "bookId": Bench.booking(1),
                        "museumId": "a1",
                        "visitor": "kim", "seats": "2", "status": "CONFIRMED", "version": "1",
                    ],
                    [
                        "eventType": "ConfirmChanged", "timestamp": "1764000000003", "bookId": Bench.booking(1), "museumId": "a1",
                        "visitor": "kim", "seats": "2", "status": "CANCELED", "version": "2",
                    ],
                ])
            for event in events { _ = try Event(fields: event) }
        }

        /// A consumer may sleep with an event in flight that another one has applied long ago.
        @Test func ofAPurgedExhibitionNothingIsWritten() async throws {
            let bench = try await Bench()
            _ = try await bench.client.send("SADD", bench.keys.purgedExhibitions(of: "confirm"), "a1")
            try await bench.skips("PURGED") { try await apply(bench, "CONFIRMED", 2) }
            _ = try await bench.client.send("SREM", bench.keys.purgedExhibitions(of: "confirm"), "a1")
            #expect(try await apply(bench, "CONFIRMED", 2).word == "APPLIED")
        }

        @Test func versionsAreNumbersNotText() async throws {
            let bench = try await Bench()
            #expect(try await apply(bench, "CONFIRMED", 9).word == "APPLIED")
            #expect(try await apply(bench, "CANCELED", 10).word == "APPLIED")
            try await bench.skips("STALE") { try await apply(bench, "CONFIRMED", 9) }
        }

        @Test(arguments: [3, 4, 5])
        func everyOrderEndsAlike(length: Int) async throws {
            let bench = try await Bench()
            let news = [
                News(status: "CONFIRMED", version: 2), News(status: "CANCELED", version: 3),
                News(status: "FORCE_CANCELED", version: 4),
            ]
            let more = News(status: "CONFIRMED", version: 11)
            let orders = sequences(of: length == 3 ? news : news + [more], length: length)
            let newest = try #require(orders[0].max { $0.version < $1.version })
            let answers = try await bench.run(
                orders.enumerated().flatMap { number, order in order.map { call(bench, $0, number) } })

            var events: [String: [[String: String]]] = [:]
            for event in try await bench.events(of: "confirm") { events[event["bookId"] ?? "", default: []].append(event) }
            for (number, order) in orders.enumerated() {
                let applied = answers[number * length..<(number + 1) * length].count { $0.word == "APPLIED" }
                let fields = try await bench.fields(bench.keys.admission(Bench.booking(number)))
                #expect(
                    fields == [
                        "visitor": "kim", "museumId": "a1", "seats": "2", "status": newest.status, "version": String(applied),
                        "bookVersion": String(newest.version), "updatedAt": "\(Int(Bench.now)! + newest.version)",
                    ], "\(order)")
                let heard = events[Bench.booking(number)] ?? []
                #expect(
                    heard.compactMap { $0["version"] } == (1...applied).map { String($0) }, "an event for each version: \(order)")
                #expect(heard.last?["status"] == newest.status, "\(order)")
                #expect(heard.allSatisfy { ($0["eventType"] == "ConfirmCompleted") == ($0["status"] == "CONFIRMED") })
            }
        }
    }
}
