import Contracts
import Redis
import Scripts
import TestSupport
import Testing

@testable import Book
@testable import Confirm
@testable import Museum
@testable import MyPage

/// Each service's event handler, handed one real history in many requests and more than once: the service ends where it would
/// have anyway.
@Suite struct HandlerTests {
    private let server: RedisServer
    private let client: RedisClient

    init() async throws {
        server = try await RedisServer.start()
        client = try server.client()
    }

    /// A booking that was made and canceled, and one that was made and force-canceled, as the streams tell it.
    private static let book: [[String: String]] = [
        booking("a1-000000000001", "Requested", "REQUESTED", 1),
        booking("a1-000000000001", "RequestCompleted", "REQUEST_COMPLETED", 2),
        booking("a1-000000000001", "Canceled", "CANCELED", 3),
        booking("a1-000000000002", "RequestCompleted", "REQUEST_COMPLETED", 2),
        booking("a1-000000000002", "ForceCanceled", "FORCE_CANCELED", 3), booking("a1-000000000003", "Aborted", "ABORTED", 1),
    ]

    private static func booking(_ id: String, _ type: String, _ status: String, _ version: Int, seats: Int = 2) -> [String:
        String]
    {
        [
            "eventType": type, "timestamp": "\(100 + version)", "bookId": id, "museumId": "a1", "visitor": "kim",
            "seats": "\(seats)",
            "status": status,
            "version": "\(version)", "createdAt": "100",
        ]
    }

    private func deliveries(_ fields: [[String: String]]) throws -> [Delivery] {
        try fields.map { Delivery(event: try Event(fields: $0), age: .zero) }
    }

    /// Every order of up to six things.
    private static func orders(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return orders(count - 1).flatMap { order in
            (0..<count).map { place in Array(order[..<place]) + [count - 1] + Array(order[place...]) }
        }
    }

    /// Hands the history over in every order, each with the first half of it once more, and compares what is left in Redis.
    private func expectOneEnd(
        _ history: [[String: String]], prepare: () async throws -> Void = {}, handler: any EventHandler
    ) async throws {
        var ends: Set<String> = []
        for order in Self.orders(history.count) {
            _ = try await client.send("FLUSHALL")
            try await prepare()
            let shuffled = order.map { history[$0] }
            let dispositions = try await handler.handle(try deliveries(shuffled))
            #expect(dispositions.allSatisfy { $0 == .applied })
            _ = try await handler.handle(try deliveries(Array(shuffled.prefix(history.count / 2))))
            let hashes = try await client.hashes()
            ends.insert(
                hashes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.sorted { $0.key < $1.key })" }.joined(
                    separator: "\n"))
        }
        #expect(ends.count == 1, "\(ends)")
    }

    @Test func confirm() async throws {
        // An admission counts its own changes, so its version depends on how many of the events it has seen.
        let handler = ConfirmEventHandler(service: AdmissionService(store: RedisAdmissionStore(client: client)), now: { 500 })
        var ends: Set<[String?]> = []
        for order in Self.orders(6) {
            _ = try await client.send("FLUSHALL")
            let shuffled = try deliveries(order.map { Self.book[$0] })
            _ = try await handler.handle(shuffled)
            let before = try await client.hashes()
            _ = try await handler.handle(shuffled)
            #expect(try await client.hashes() == before)
            ends.insert([
                before["confirm:{a}:a1-000000000001"]?["status"], before["confirm:{a}:a1-000000000002"]?["status"],
                before["confirm:{a}:a1-000000000003"]?["status"],
            ])
        }
        #expect(ends == [["CANCELED", "FORCE_CANCELED", nil]])
    }

    /// A booking of 5 seats that has 3 and then 2, while it is requested and when it is completed; and one
    /// that has 1 and is canceled.
    private static let lowered: [[String: String]] = [
        booking("a1-000000000001", "BookingChanged", "REQUESTED", 2, seats: 3),
        booking("a1-000000000001", "RequestCompleted", "REQUEST_COMPLETED", 3, seats: 3),
        booking("a1-000000000001", "BookingChanged", "REQUEST_COMPLETED", 4, seats: 2),
        booking("a1-000000000002", "BookingChanged", "REQUEST_COMPLETED", 3, seats: 1),
        booking("a1-000000000002", "Canceled", "CANCELED", 4, seats: 1),
    ]

    @Test func confirmFollowsFewerSeats() async throws {
        let handler = ConfirmEventHandler(service: AdmissionService(store: RedisAdmissionStore(client: client)), now: { 500 })
        func admissions() async throws -> [[String?]] {
            let hashes = try await client.hashes()
            return [1, 2].map { number in
                ["status", "seats", "bookVersion"].map { hashes["confirm:{a}:a1-00000000000\(number)"]?[$0] }
            }
        }
        // Fewer seats of a booking that is not complete make no admission.
        _ = try await handler.handle(try deliveries([Self.lowered[0]]))
        #expect(try await admissions() == [[nil, nil, nil], [nil, nil, nil]])
        for order in Self.orders(Self.lowered.count) {
            _ = try await client.send("FLUSHALL")
            // Each alone, so that none is skipped because a newer one came with it; then all once more.
            for place in order { _ = try await handler.handle(try deliveries([Self.lowered[place]])) }
            _ = try await handler.handle(try deliveries(order.map { Self.lowered[$0] }))
            #expect(try await admissions() == [["CONFIRMED", "2", "4"], ["CANCELED", "1", "4"]], "\(order)")
        }
    }

    @Test func myPageShowsFewerSeats() async throws {
        let store = RedisMyPageStore(client: client)
        let handler = MyPageEventHandler(service: MyPageService(store: store))
        try await expectOneEnd(Self.lowered, handler: handler)
        for order in Self.orders(Self.lowered.count) {
            _ = try await client.send("FLUSHALL")
            for place in order { _ = try await handler.handle(try deliveries([Self.lowered[place]])) }
            let rows = [try await store.find(BookingID("a1-000000000001")!), try await store.find(BookingID("a1-000000000002")!)]
            #expect(rows.map { $0?.seats } == [2, 1] && rows.map { $0?.status } == [.completed, .canceled], "\(order)")
        }
    }

    /// What a booking does not keep is released once, whatever comes first; what is canceled holds nothing; the third was never
    /// reserved, so there is nothing to keep.
    @Test func museumReleasesWhatIsNotKept() async throws {
        let seats = RedisSeatStore(client: client)
        let history = [0, 2, 3, 4].map { Self.lowered[$0] } + [Self.booking("a1-000000000003", "BookingChanged", "REQUESTED", 2)]
        let handler = MuseumEventHandler(service: SeatReservationService(store: seats), now: { 500 })
        for isTogether in [true, false] {
            for order in Self.orders(history.count) {
                _ = try await client.send("FLUSHALL")
                _ = try await client.run(MuseumRegister.a1)
                let reservations = [1, 2].map {
                    Reservation(
                        booking: BookingID(exhibition: ExhibitionID("a1")!, bits: $0), seats: 5, visitor: "kim", requestId: nil)
                }
                _ = try await seats.reserve(reservations, for: ExhibitionID("a1")!, at: 1, local: .longBefore)
                let shuffled = try deliveries(order.map { history[$0] })
                if isTogether {
                    _ = try await handler.handle(shuffled)
                } else {
                    for delivery in shuffled { _ = try await handler.handle([delivery]) }
                }
                _ = try await handler.handle(Array(shuffled.prefix(2)))
                let hashes = try await client.hashes()
                #expect(hashes["museum:{a}:a1:seats"] == ["a1-000000000001": "2", "a1-000000000002": "0"], "\(order)")
                #expect(hashes["museum:{a}:a1"]?["available"] == "8" && hashes["museum:{a}:a1"]?["held"] == "2", "\(order)")
            }
        }
    }

    @Test func myPage() async throws {
        func admission(_ id: String, _ status: String, _ version: Int) -> [String: String] {
            [
                "eventType": version == 1 ? "ConfirmCompleted" : "ConfirmChanged", "timestamp": "\(200 + version)", "bookId": id,
                "museumId": "a1",
                "visitor": "kim", "seats": "2", "status": status, "version": "\(version)",
            ]
        }
        func exhibition(_ type: String, _ version: Int, _ extra: [String: String]) -> [String: String] {
            let base = [
                "eventType": type, "timestamp": "1", "museumId": "a1", "hall": "A", "date": "2099-12-24",
                "capacity": "5",
                "status": "OPEN",
                "version": "\(version)",
            ]
            return base.merging(extra) { $1 }
        }
        let history = [
            Self.book[0], Self.book[1], admission("a1-000000000001", "CONFIRMED", 1), admission("a1-000000000001", "CANCELED", 2),
            exhibition("MuseumRegistered", 1, ["title": "Monet"]), exhibition("MuseumChanged", 2, ["startTime": "14:00"]),
        ]
        let store = RedisMyPageStore(client: client)
        try await expectOneEnd(history, handler: MyPageEventHandler(service: MyPageService(store: store)))
        let page = try #require(try await store.find(BookingID("a1-000000000001")!))
        #expect(page.status == .completed && page.admission == .canceled && page.updatedAt == 202)
        #expect(
            page.exhibition
                == ExhibitionDetails(title: nil, hall: "A", date: "2099-12-24", startTime: "14:00", endTime: nil))
    }

    @Test func anAdmissionAloneIsNoPage() async throws {
        let store = RedisMyPageStore(client: client)
        let event = [
            "eventType": "ConfirmCompleted", "timestamp": "1", "bookId": "a1-000000000009", "museumId": "a1", "visitor": "kim",
            "seats": "2",
            "status": "CONFIRMED", "version": "1",
        ]
        _ = try await MyPageEventHandler(service: MyPageService(store: store)).handle(try deliveries([event]))
        #expect(try await store.find(BookingID("a1-000000000009")!) == nil)
    }

    /// The event of its reservation is gone, too: purged, or a dead letter. A delivery that waited without end would keep the
    /// stream from being trimmed.
    @Test func revokedSeatsOfABookingNobodyRecordedEndInAnAbort() async throws {
        let handler = BookEventHandler(service: BookingService(store: RedisBookingStore(client: client)), now: { 500 })
        let event = try Event(fields: [
            "eventType": "SeatsRevoked", "timestamp": "1", "bookId": "a1-000000000007", "museumId": "a1", "seats": "2",
            "available": "10",
        ])
        let young = Delivery(event: event, age: BookEventHandler.recordWithin - .milliseconds(1))
        #expect(try await handler.handle([young]) == [.retryLater], "recording may be under way")
        #expect(try await client.send("KEYS", "*") == .array([]))
        let old = Delivery(event: event, age: BookEventHandler.recordWithin)
        #expect(try await handler.handle([old, old]) == [.applied, .applied])
        #expect(try await client.send("HGET", "book:{a}:a1-000000000007", "status") == .text("ABORTED"))
        #expect(try await client.send("XLEN", "book:{a}:events") == .integer(1))

        // Recording it afterwards answers that it was aborted, whatever the visitor is.
        let late = try await RedisBookingStore(client: client).record([
            NewBooking(
                id: BookingID("a1-000000000007")!,
                request: BookingRequest(exhibition: ExhibitionID("a1")!, visitor: "kim", seats: 2),
                metadata: RequestMetadata(requestId: nil, moment: 600))
        ])
        #expect(late == [.aborted])
        #expect(try await handler.handle([old]) == [.applied], "and again")
    }

    /// Answers every command with a word that nobody knows.
    private struct Unknown: RedisSender {
        func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
            commands.map { _ in .success(.array([.text("NONSENSE")])) }
        }
    }

    @Test func anErrorNamesItsScript() async throws {
        let exhibition = try Event(fields: [
            "eventType": "MuseumRegistered", "timestamp": "1", "museumId": "a1", "hall": "A", "date": "2099-12-24",
            "capacity": "5", "status": "OPEN", "version": "1",
        ])
        let handler = MyPageEventHandler(service: MyPageService(store: RedisMyPageStore(client: Unknown())))
        for (event, script) in [(exhibition, "mypage_exhibition"), (try Event(fields: Self.book[0]), "mypage_booking")] {
            let error = await #expect(throws: Failure.self) { try await handler.handle([Delivery(event: event, age: .zero)]) }
            guard case .internal(let what) = error else { Issue.record("\(String(describing: error))"); continue }
            #expect(what.contains(script), "\(what)")
        }
    }

    @Test func museum() async throws {
        let seats = RedisSeatStore(client: client)
        let history = [Self.book[0], Self.book[2], Self.book[2], Self.book[4], Self.book[5]]
        try await expectOneEnd(
            history,
            prepare: {
                _ = try await client.run(MuseumRegister.a1)
                let reservations = [1, 2].map {
                    Reservation(
                        booking: BookingID(exhibition: ExhibitionID("a1")!, bits: $0), seats: 2, visitor: "kim", requestId: nil)
                }
                _ = try await seats.reserve(reservations, for: ExhibitionID("a1")!, at: 1, local: .longBefore)
            }, handler: MuseumEventHandler(service: SeatReservationService(store: seats), now: { 500 }))
        // The canceled booking's seats are back, the force-canceled one's are the revoker's business, the aborted one has a
        // tombstone.
        #expect(try await client.send("HGET", "museum:{a}:a1", "available").asInteger() == 8)
        #expect(try await client.send("HGET", "museum:{a}:a1:seats", "a1-000000000003").asText() == "0")
    }
}
