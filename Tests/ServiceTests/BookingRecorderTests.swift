import Contracts
import Redis
import TestSupport
import Testing

@testable import Book

/// Bookings whose seats are reserved in one call are recorded in one call, and each gets its own outcome.
@Suite struct BookingRecorderTests {
    /// There are always seats, and each call takes as long as one to Redis.
    private struct EndlessSeats: SeatReservations {
        let client: RedisClient

        func reserve(
            _ reservations: [Reservation], for exhibition: ExhibitionID, before deadline: ContinuousClock.Instant
        ) async throws(ReservationError) -> [ReservationOutcome] {
            _ = await client.send([Command("PING")])
            return reservations.map { _ in ReservationOutcome(code: .reserved, available: 1) }
        }
    }

    /// Bookings in Redis, with the sizes of the calls.
    private struct CountingStore: BookingStore {
        let store: RedisBookingStore
        let sizes = LockedBox<[Int]>([])
        var failure: Failure?

        func record(_ bookings: [NewBooking]) async throws(Failure) -> [RecordOutcome] {
            sizes.update { $0.append(bookings.count) }
            if let failure { throw failure }
            return try await store.record(bookings)
        }
        func abort(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> AbortOutcome {
            try await store.abort(request, as: id, metadata: metadata)
        }
        func change(_ transition: Transition) async throws(Failure) -> TransitionOutcome { try await store.change(transition) }
        func lower(_ id: BookingID, to seats: Int, metadata: RequestMetadata) async throws(Failure) -> TransitionOutcome {
            try await store.lower(id, to: seats, metadata: metadata)
        }
        func apply(_ transitions: [Transition]) async throws(Failure) -> [TransitionCode] { try await store.apply(transitions) }
        func find(_ id: BookingID) async throws(Failure) -> Booking? { try await store.find(id) }
        func page(
            _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [BookingStatus]?, partitions: [String]
        ) async throws(Failure) -> Page<Booking> {
            try await store.page(request, of: exhibition, statuses: statuses, partitions: partitions)
        }
    }

    private let server: RedisServer
    private let client: RedisClient

    init() async throws {
        server = try await RedisServer.start()
        client = try server.client()
    }

    private func booking(_ number: Int, in partition: String = "a", seats: Int = 1) -> NewBooking {
        let exhibition = ExhibitionID(partition: partition, number: 1)
        return NewBooking(
            id: BookingID(exhibition: exhibition, bits: UInt64(number)),
            request: BookingRequest(exhibition: exhibition, visitor: "visitor-\(number)", seats: seats),
            metadata: RequestMetadata(requestId: nil, moment: 5))
    }

    private func record(_ bookings: [NewBooking], in store: any BookingStore) async -> [Result<RecordOutcome, Failure>] {
        let batcher = ReservationBatcher(EndlessSeats(client: client), recorder: BookingRecorder(store: store))
        return await withTaskGroup { group in
            for (index, booking) in bookings.enumerated() {
                group.addTask {
                    let seats = try? await batcher.reserve(booking, before: .now + .seconds(60))
                    return (index, seats?.record ?? .failure(.internal("not recorded")))
                }
            }
            var outcomes: [Int: Result<RecordOutcome, Failure>] = [:]
            for await (index, outcome) in group { outcomes[index] = outcome }
            return bookings.indices.compactMap { outcomes[$0] }
        }
    }

    @Test func eachGetsItsOwnOutcome() async throws {
        let store = CountingStore(store: RedisBookingStore(client: client))
        let bookings = (0..<300).map { booking($0, in: $0.isMultiple(of: 5) ? "b" : "a") }
        _ = try await store.record([bookings[7]])
        let mismatch = booking(9, seats: 2)
        _ = try await store.record([mismatch])
        store.sizes.value = []
        let outcomes = await record(bookings, in: store)
        #expect(outcomes.count == 300)
        for (index, outcome) in outcomes.enumerated() {
            switch (index, outcome) {
            case (7, .success(.exists(let found))): #expect(found.id == bookings[7].id)
            case (9, .success(.mismatch)): break
            case (_, .success(.recorded(let recorded))):
                #expect(recorded.id == bookings[index].id && recorded.visitor == "visitor-\(index)")
                #expect(try await store.find(recorded.id) == recorded)
            default: Issue.record("\(index): \(outcome)")
            }
        }
        #expect(store.sizes.value.reduce(0, +) == 300)
        #expect(store.sizes.value.count < 150, "\(store.sizes.value)")
    }

    @Test(arguments: [Failure.outcomeUnknown(booking: nil), .storageUnavailable("away")])
    func aFailedCallFailsAllOfIt(_ failure: Failure) async throws {
        let store = CountingStore(store: RedisBookingStore(client: client), failure: failure)
        let outcomes = await record((0..<20).map { booking($0) }, in: store)
        #expect(outcomes == (0..<20).map { _ in .failure(failure) })
        #expect(store.sizes.value.reduce(0, +) == 20, "an outcome that is unknown is not asked for twice here")
    }

    @Test func oneBadMemberFailsAlone() async throws {
        let bookings = (0..<40).map { booking($0) }
        _ = try await client.send("SET", "book:{a}:" + bookings[3].id.text, "no hash")
        let outcomes = await record(bookings, in: RedisBookingStore(client: client))
        for (index, outcome) in outcomes.enumerated() {
            switch (index, outcome) {
            case (3, .failure(.internal(let what))): #expect(what.contains("book_record"), "\(what)")
            case (_, .success(.recorded)): #expect(index != 3)
            default: Issue.record("\(index): \(outcome)")
            }
        }
    }
}
