import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// museum_reserve: what the booking holds is asked first, then the exhibition.
    struct ReserveTests {
        @Test func withoutAnExhibition() async throws {
            let fixture = try await ScriptFixture()
            for _ in 1...2 {
                #expect(
                    try await fixture.silently { try await fixture.reserve((1, 2), (2, 1)) } == [
                        "NO_EXHIBITION 0", "NO_EXHIBITION 0",
                    ])
            }
        }

        @Test func takesSeatsOnce() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            #expect(try await fixture.reserve((1, 3)) == ["RESERVED 7"])
            #expect(try await fixture.balance() == 3)
            #expect(try await fixture.silently { try await fixture.reserve((1, 3)) } == ["REPEATED 7"])
            #expect(try await fixture.silently { try await fixture.reserve((1, 2)) } == ["MISMATCH 7"])
            #expect(try await fixture.balance() == 3)
        }

        @Test func writesOneEventForEach() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 3), (2, 2))
            #expect(
                try await fixture.events().dropFirst() == [
                    [
                        "eventType": "SeatsReserved", "timestamp": ScriptFixture.now, "museumId": "a1",
                        "bookId": ScriptFixture.booking(1),
                        "visitor": "visitor-1", "seats": "3", "available": "7", "requestId": "r-1",
                    ],
                    [
                        "eventType": "SeatsReserved", "timestamp": ScriptFixture.now, "museumId": "a1",
                        "bookId": ScriptFixture.booking(2),
                        "visitor": "visitor-2", "seats": "2", "available": "5", "requestId": "r-2",
                    ],
                ])
            for fields in try await fixture.events() { _ = try Event(fields: fields) }
        }

        @Test func withoutARequestIdThereIsNone() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register()
            _ = try await fixture.client.send(
                Command(
                    fixture.reserveCall([
                        MuseumReserve.Reservation(booking: ScriptFixture.booking(1), seats: 1, visitor: "kim", requestId: nil)
                    ])))
            #expect(try await fixture.events()[1]["requestId"] == nil)
            #expect(try await fixture.events()[1]["visitor"] == "kim")
        }

        @Test func theSameIdTwiceInABatch() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            #expect(try await fixture.reserve((1, 3), (1, 3), (1, 2)) == ["RESERVED 7", "REPEATED 7", "MISMATCH 7"])
            #expect(try await fixture.balance() == 3)
            #expect(try await fixture.events().count == 2)
        }

        @Test func theLastSeatsWantedByTwoOfABatch() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 3)
            #expect(
                try await fixture.reserve((1, 2), (2, 2), (3, 1), (4, 1)) == [
                    "RESERVED 1", "SOLD_OUT 1", "RESERVED 0", "SOLD_OUT 0",
                ])
            #expect(try await fixture.balance() == 3)
            #expect(try await fixture.events().count == 3)
            #expect(try await fixture.client.send("HEXISTS", fixture.seats, ScriptFixture.booking(2)) == .integer(0))
            #expect(
                try await fixture.silently { try await fixture.reserve((1, 2), (2, 2), (3, 1), (4, 1)) }
                    == ["REPEATED 0", "SOLD_OUT 0", "REPEATED 0", "SOLD_OUT 0"])
        }

        @Test func aRepetitionIsAnsweredAsBefore() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 3)
            try await fixture.reserve((1, 3))
            #expect(try await fixture.silently { try await fixture.reserve((1, 3), (2, 1)) } == ["REPEATED 0", "SOLD_OUT 0"])
            try await fixture.edit(at: 1, capacity: 3, status: "CLOSED")
            #expect(
                try await fixture.silently { try await fixture.reserve((1, 3), (2, 1), (1, 1)) } == [
                    "REPEATED 0", "CLOSED 0", "MISMATCH 0",
                ])
            try await fixture.delete()
            #expect(
                try await fixture.silently { try await fixture.reserve((1, 3), (2, 1), (1, 1)) } == [
                    "REPEATED 0", "DELETED 0", "MISMATCH 0",
                ])
            try await fixture.revoke()
            #expect(try await fixture.silently { try await fixture.reserve((1, 3), (2, 1)) } == ["VOID 3", "DELETED 3"])
        }

        @Test func closedAndDeletedComeBeforeSoldOut() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 3)
            try await fixture.edit(at: 1, capacity: 3, status: "CLOSED")
            #expect(try await fixture.silently { try await fixture.reserve((1, 4)) } == ["CLOSED 3"])
            try await fixture.edit(at: 2, capacity: 3, status: "OPEN")
            #expect(try await fixture.silently { try await fixture.reserve((1, 4)) } == ["SOLD_OUT 3"])
            try await fixture.delete()
            #expect(try await fixture.silently { try await fixture.reserve((1, 4)) } == ["DELETED 3"])
        }

        @Test func aTombstoneStopsALateReserve() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10)
            try await fixture.release(1)
            #expect(try await fixture.silently { try await fixture.reserve((1, 3), (1, 3)) } == ["VOID 10", "VOID 10"])
            #expect(try await fixture.reserve((2, 4)) == ["RESERVED 6"])
            try await fixture.release(2)
            #expect(try await fixture.silently { try await fixture.reserve((2, 4)) } == ["VOID 10"])
            #expect(try await fixture.balance() == 0)
        }

        @Test func sixtyFourInABatch() async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 100)
            let batch = (1...Reservation.batchLimit).map { (booking: $0, seats: 1 + $0 % 2) }
            let words = try await fixture.reserve(batch)
            #expect(words.count == 64)
            #expect(words.allSatisfy { $0.hasPrefix("RESERVED ") })
            #expect(words.last == "RESERVED 4")
            #expect(try await fixture.balance() == 96)
            #expect(Set(try await fixture.events().dropFirst().map { $0["bookId"] }).count == 64)
            #expect(try await fixture.silently { try await fixture.reserve(batch) } == batch.map { _ in "REPEATED 4" })
        }

        /// Start and end of an exhibition on 2099-12-24, when it is looked at, and whether it is over then.
        @Test(arguments: [
            ("", "", "2099-12-24", "00:00", false), ("", "", "2099-12-24", "23:59", false), ("", "", "2099-12-25", "00:00", true),
            ("", "", "2100-01-01", "00:00", true), ("", "", "2098-12-31", "23:59", false),
            ("14:00", "", "2099-12-24", "23:59", false), ("14:00", "", "2099-12-25", "00:00", true),
            ("14:00", "15:30", "2099-12-24", "13:59", false), ("14:00", "15:30", "2099-12-24", "15:29", false),
            ("14:00", "15:30", "2099-12-24", "15:30", true), ("14:00", "15:30", "2099-12-24", "15:31", true),
            ("14:00", "15:30", "2099-12-25", "00:00", true), ("14:00", "15:30", "2099-12-23", "23:59", false),
            ("22:00", "02:00", "2099-12-24", "23:59", false), ("22:00", "02:00", "2099-12-25", "01:59", false),
            ("22:00", "02:00", "2099-12-25", "02:00", true), ("22:00", "02:00", "2099-12-26", "00:00", true),
            ("14:00", "14:00", "2099-12-25", "13:59", false), ("14:00", "14:00", "2099-12-25", "14:00", true),
            ("14:00", "00:00", "2099-12-24", "23:59", false), ("14:00", "00:00", "2099-12-25", "00:00", true),
        ])
        func whatIsOverTakesNoSeats(
            _ start: String, _ end: String, _ date: String, _ time: String, _ isOver: Bool
        ) async throws {
            let fixture = try await ScriptFixture()
            try await fixture.register(capacity: 10, plan: ["", "Hall 1", "2099-12-24", start, end])
            let days = [
                "2098-12-31": "2098-12-30", "2099-12-23": "2099-12-22", "2099-12-24": "2099-12-23", "2099-12-25": "2099-12-24",
                "2099-12-26": "2099-12-25", "2100-01-01": "2099-12-31",
            ]
            let local = [date, try #require(days[date]), time]
            if isOver {
                #expect(try await fixture.silently { try await fixture.reserve([(1, 2)], at: local) } == ["OVER 10"])
            } else {
                #expect(try await fixture.reserve([(1, 2)], at: local) == ["RESERVED 8"])
            }
        }

        @Test func overComesAfterWhatIsHeldAndAfterClosedAndDeleted() async throws {
            let fixture = try await ScriptFixture()
            let later = ["2100-01-01", "2099-12-31", "00:00"]
            try await fixture.register(capacity: 10)
            try await fixture.reserve((1, 2))
            try await fixture.release(2)
            let wanted = [(booking: 1, seats: 2), (1, 3), (2, 1), (3, 1), (4, 99)]
            #expect(
                try await fixture.silently { try await fixture.reserve(wanted, at: later) } == [
                    "REPEATED 8", "MISMATCH 8", "VOID 8", "OVER 8", "OVER 8",
                ])
            try await fixture.edit(at: 1, status: "CLOSED")
            #expect(try await fixture.silently { try await fixture.reserve([(3, 1)], at: later) } == ["CLOSED 8"])
            try await fixture.edit(at: 2, plan: ["", "Hall 1", "2100-01-01", "", ""])
            #expect(try await fixture.reserve([(3, 1)], at: later) == ["RESERVED 7"], "moved to today, it sells again")
            try await fixture.delete()
            #expect(try await fixture.silently { try await fixture.reserve([(4, 1)], at: later) } == ["DELETED 7"])
        }
    }
}
