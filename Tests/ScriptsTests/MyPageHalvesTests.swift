import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// mypage_booking and mypage_admission: the two halves of a page, guarded apart.
    struct MyPageHalvesTests {
        private enum ProjectionUpdate {
            case booking(Int, String)
            case admission(Int, String)

            static let all: [ProjectionUpdate] = [
                .booking(1, "REQUESTED"), .booking(2, "REQUEST_COMPLETED"), .booking(3, "CANCELED"), .admission(1, "CONFIRMED"),
                .admission(2, "CANCELED"),
            ]
        }

        private func call(_ fixture: ScriptFixture, _ news: ProjectionUpdate, _ booking: Int = 1) -> Command {
            let id = ScriptFixture.booking(booking)
            switch news {
            case .booking(let version, let status):
                return Command(
                    MyPageBooking(
                        in: fixture.keys,
                        bookings: [
                            MyPageBooking.Booking(
                                id: id, version: version, exhibition: "a1", visitor: "kim", seats: 2, status: status,
                                createdAt: 77, updatedAt: 100 + Int64(version))
                        ]))
            case .admission(let version, let status):
                return Command(
                    MyPageAdmission(
                        in: fixture.keys,
                        admissions: [
                            MyPageAdmission.Admission(
                                booking: id, version: version, exhibition: "a1", status: status,
                                updatedAt: 200 + Int64(version))
                        ]))
            }
        }

        private func apply(_ fixture: ScriptFixture, _ news: ProjectionUpdate) async throws -> ScriptFixture.Answer {
            try ScriptFixture.Answer(try await fixture.client.send(call(fixture, news)))
        }

        /// A row with both halves.
        private static func row(_ version: Int, _ status: String, _ admissionVersion: Int, _ admission: String)
            -> [String: String]
        {
            [
                "bookVersion": "\(version)", "museumId": "a1", "visitor": "kim", "seats": "2", "status": status,
                "createdAt": "77", "updatedAt": "\(100 + version)", "admissionVersion": "\(admissionVersion)",
                "admission": admission, "admissionUpdatedAt": "\(200 + admissionVersion)",
            ]
        }

        @Test func theHalvesAreGuardedApart() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await apply(fixture, .booking(3, "CANCELED")).word == "APPLIED")
            #expect(try await apply(fixture, .admission(1, "CONFIRMED")).word == "APPLIED", "a lower version of the other half")
            #expect(try await apply(fixture, .admission(4, "CANCELED")).word == "APPLIED")
            #expect(
                try await apply(fixture, .booking(4, "FORCE_CANCELED")).word == "APPLIED", "the same version as the other half")
            #expect(
                try await fixture.fields(fixture.keys.page(ScriptFixture.booking(1)))
                    == Self.row(4, "FORCE_CANCELED", 4, "CANCELED"))
            try await fixture.skips("STALE") { try await apply(fixture, .booking(4, "REQUESTED")) }
            try await fixture.skips("STALE") { try await apply(fixture, .admission(3, "CONFIRMED")) }
            #expect(try await apply(fixture, .booking(10, "CANCELED")).word == "APPLIED", "versions are numbers")
        }

        /// Fewer seats come with a newer version, whether the row is there or not.
        @Test(arguments: [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]])
        func seatsAreThoseOfTheNewestVersion(order: [Int]) async throws {
            let fixture = try await ScriptFixture()
            for version in order {
                let booking = MyPageBooking.Booking(
                    id: ScriptFixture.booking(1), version: version, exhibition: "a1", visitor: "kim", seats: 6 - version,
                    status: "REQUEST_COMPLETED", createdAt: 77, updatedAt: 100)
                _ = try await fixture.run(MyPageBooking(in: fixture.keys, bookings: [booking]))
            }
            #expect(try await fixture.fields(fixture.keys.page(ScriptFixture.booking(1)))["seats"] == "3")
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
            #expect(try await apply(fixture, .booking(1, "ABORTED")).word == "APPLIED")
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
                #expect(fields == Self.row(3, "CANCELED", 2, "CANCELED"), "\(order)")
            }
            #expect(try await fixture.scores(fixture.keys.pages(of: "kim")).count == orders.count)
            #expect(try await fixture.scores(fixture.keys.visitors) == ["kim": "0"])
        }
    }
}
