import Contracts
import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// museum_reserve: what the booking holds is asked first, then the exhibition.
    struct ReserveTests {
        @Test func withoutAnExhibition() async throws {
            let bench = try await Bench()
            for _ in 1...2 {
                #expect(
                    try await bench.silently { try await bench.reserve((1, 2), (2, 1)) } == [
                        "NO_EXHIBITION 0", "NO_EXHIBITION 0",
                    ])
            }
        }

        @Test func takesSeatsOnce() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            #expect(try await bench.reserve((1, 3)) == ["RESERVED 7"])
            #expect(try await bench.balance() == 3)
            #expect(try await bench.silently { try await bench.reserve((1, 3)) } == ["REPEATED 7"])
            #expect(try await bench.silently { try await bench.reserve((1, 2)) } == ["MISMATCH 7"])
            #expect(try await bench.balance() == 3)
        }

        @Test func writesOneEventForEach() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.reserve((1, 3), (2, 2))
            #expect(
                try await bench.events().dropFirst() == [
                    [
                        "eventType": "SeatsReserved", "timestamp": Bench.now, "museumId": "a1", "bookId": Bench.booking(1),
                        "visitor": "visitor-1", "seats": "3", "available": "7", "requestId": "r-1",
                    ],
                    [
                        "eventType": "SeatsReserved", "timestamp": Bench.now, "museumId": "a1", "bookId": Bench.booking(2),
                        "visitor": "visitor-2", "seats": "2", "available": "5", "requestId": "r-2",
                    ],
                ])
            for fields in try await bench.events() { _ = try Event(fields: fields) }
        }

        @Test func withoutARequestIdThereIsNone() async throws {
            let bench = try await Bench()
            try await bench.register()
            _ = try await bench.client.send(
                Command(
                    Scripts.museumReserve, keys: [bench.exhibition, bench.seats, bench.museumEvents],
                    arguments: [Bench.now, "a1", Bench.booking(1), "1", "kim", ""]))
            #expect(try await bench.events()[1]["requestId"] == nil)
            #expect(try await bench.events()[1]["visitor"] == "kim")
        }

        @Test func theSameIdTwiceInABatch() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            #expect(try await bench.reserve((1, 3), (1, 3), (1, 2)) == ["RESERVED 7", "REPEATED 7", "MISMATCH 7"])
            #expect(try await bench.balance() == 3)
            #expect(try await bench.events().count == 2)
        }

        @Test func theLastSeatsWantedByTwoOfABatch() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 3)
            #expect(
                try await bench.reserve((1, 2), (2, 2), (3, 1), (4, 1)) == [
                    "RESERVED 1", "SOLD_OUT 1", "RESERVED 0", "SOLD_OUT 0",
                ])
            #expect(try await bench.balance() == 3)
            #expect(try await bench.events().count == 3)
            #expect(try await bench.client.send("HEXISTS", bench.seats, Bench.booking(2)) == .integer(0))
            #expect(
                try await bench.silently { try await bench.reserve((1, 2), (2, 2), (3, 1), (4, 1)) }
                    == ["REPEATED 0", "SOLD_OUT 0", "REPEATED 0", "SOLD_OUT 0"])
        }

        @Test func aRepetitionIsAnsweredAsBefore() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 3)
            try await bench.reserve((1, 3))
            #expect(try await bench.silently { try await bench.reserve((1, 3), (2, 1)) } == ["REPEATED 0", "SOLD_OUT 0"])
            try await bench.edit(at: 1, capacity: 3, status: "CLOSED")
            #expect(
                try await bench.silently { try await bench.reserve((1, 3), (2, 1), (1, 1)) } == [
                    "REPEATED 0", "CLOSED 0", "MISMATCH 0",
                ])
            try await bench.delete()
            #expect(
                try await bench.silently { try await bench.reserve((1, 3), (2, 1), (1, 1)) } == [
                    "REPEATED 0", "DELETED 0", "MISMATCH 0",
                ])
            try await bench.revoke()
            #expect(try await bench.silently { try await bench.reserve((1, 3), (2, 1)) } == ["VOID 3", "DELETED 3"])
        }

        @Test func closedAndDeletedComeBeforeSoldOut() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 3)
            try await bench.edit(at: 1, capacity: 3, status: "CLOSED")
            #expect(try await bench.silently { try await bench.reserve((1, 4)) } == ["CLOSED 3"])
            try await bench.edit(at: 2, capacity: 3, status: "OPEN")
            #expect(try await bench.silently { try await bench.reserve((1, 4)) } == ["SOLD_OUT 3"])
            try await bench.delete()
            #expect(try await bench.silently { try await bench.reserve((1, 4)) } == ["DELETED 3"])
        }

        @Test func aTombstoneStopsALateReserve() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 10)
            try await bench.release(1)
            #expect(try await bench.silently { try await bench.reserve((1, 3), (1, 3)) } == ["VOID 10", "VOID 10"])
            #expect(try await bench.reserve((2, 4)) == ["RESERVED 6"])
            try await bench.release(2)
            #expect(try await bench.silently { try await bench.reserve((2, 4)) } == ["VOID 10"])
            #expect(try await bench.balance() == 0)
        }

        @Test func sixtyFourInABatch() async throws {
            let bench = try await Bench()
            try await bench.register(capacity: 100)
            let batch = (1...Reservation.batchLimit).map { (booking: $0, seats: 1 + $0 % 2) }
            let words = try await bench.reserve(batch)
            #expect(words.count == 64)
            #expect(words.allSatisfy { $0.hasPrefix("RESERVED ") })
            #expect(words.last == "RESERVED 4")
            #expect(try await bench.balance() == 96)
            #expect(Set(try await bench.events().dropFirst().map { $0["bookId"] }).count == 64)
            #expect(try await bench.silently { try await bench.reserve(batch) } == batch.map { _ in "REPEATED 4" })
        }
    }
}
