import Contracts
@testable import Museum
import Redis
import Scripts
import TestSupport
import Testing

@testable import Book

/// The booking protocol where the way to Museum or to Redis loses requests and answers: S2 and S5.
@Suite struct BookingAttemptTests {
    private let server: RedisServer
    private let client: RedisClient
    private let seatStore: RedisSeatStore
    let store: RedisBookingStore
    let exhibition = ExhibitionID(partition: "a", number: 1)

    init() async throws {
        server = try await RedisServer.start()
        client = try server.client()
        seatStore = RedisSeatStore(client: client)
        store = RedisBookingStore(client: client)
        _ = try await client.run(MuseumRegister.a1)
    }

    /// Books seats for kim under one key.
    func book(
        seats: FaultPlan = FaultPlan(), records: FaultPlan = FaultPlan(), aborts: FaultPlan = FaultPlan(), key: String? = "key",
        seatCount: Int = 2
    ) async
        -> Result<Booked, Failure>
    {
        let bookings = FaultyBookings(store: store, records: records, aborts: aborts)
        let attempt = BookingAttempt(
            seats: ReservationBatcher(
                FaultySeats(store: seatStore, plan: seats), recorder: BookingRecorder(store: bookings)),
            store: bookings, ids: HMACBookingIDGenerator.fixed(), partitions: AllPartitions())
        do throws(Failure) {
            return .success(
                try await attempt.run(
                    BookingRequest(exhibition: exhibition, visitor: "kim", seats: seatCount), key: key,
                    metadata: RequestMetadata(requestId: "r", moment: 5)))
        } catch {
            return .failure(error)
        }
    }

    func available() async throws -> Int { try await client.send("HGET", "museum:{a}:a1", "available").asInteger() }

    /// Lets both services hear everything there is, as often as wanted, until nothing changes.
    func settle(age: Duration = .zero) async throws {
        for _ in 0..<3 {
            for (service, handler) in [
                ("museum", BookEventHandler(service: BookingService(store: store), now: { 9 }) as any EventHandler),
                ("book", MuseumEventHandler(service: SeatReservationService(store: seatStore), now: { 9 })),
            ] {
                var deliveries: [Delivery] = []
                for entry in try await client.send("XRANGE", "\(service):{a}:events", "-", "+").asArray() {
                    deliveries.append(Delivery(event: try Event(fields: entry.asArray()[1].asFields()), age: age))
                }
                _ = try await handler.handle(deliveries)
            }
        }
    }

    private func status(_ result: Result<Booked, Failure>) async throws -> BookingStatus? {
        guard case .success(let booked) = result else { return nil }
        return try await store.find(booked.booking.id)?.status
    }

    @Test func aLostReplyOfReserveIsRetried() async throws {
        let result = await book(seats: FaultPlan(.answerLost))
        try await settle()
        #expect(try await status(result) == .completed)
        #expect(try await available() == 8)
    }

    @Test func aLostRequestOfReserveIsRetried() async throws {
        #expect(try await status(await book(seats: FaultPlan(.requestLost), key: nil)) == .requested)
        #expect(try await available() == 8)
    }

    @Test func aReserveWithoutAnyReplyIsAborted() async throws {
        let result = await book(seats: FaultPlan(.answerLost, .answerLost))
        guard case .failure(.museumUnavailable) = result else { Issue.record("\(result)"); return }
        #expect(try await available() == 8)
        try await settle()
        #expect(try await available() == 10)
        // The same key books anew, as the next attempt.
        let again = await book()
        #expect(try await status(again) == .requested)
        try await settle()
        #expect(try await available() == 8)
        guard case .success(let booked) = await book() else { Issue.record("a replay is due"); return }
        #expect(booked.isReplayed && booked.booking.status == .completed)
    }

    @Test func refusedByMuseum() async throws {
        let result = await book(seats: FaultPlan(.refused))
        #expect(result == .failure(.museumUnavailable("refused")))
        #expect(try await client.send("KEYS", "book:*") == .array([]), "never sent: nothing to abort")
    }

    @Test func aLateReserveDoesNotBook() async throws {
        let request = BookingRequest(exhibition: exhibition, visitor: "kim", seats: 2)
        let id = try await HMACBookingIDGenerator.fixed().id(request, key: "key", attempt: 0)
        let result = await book(seats: FaultPlan(.requestLost, .requestLost))
        guard case .failure(.museumUnavailable) = result else { Issue.record("\(result)"); return }
        try await settle()
        let late = try await seatStore.reserve(
            [Reservation(booking: id, seats: 2, visitor: "kim", requestId: nil)], for: exhibition, at: 7, local: .longBefore)
        #expect(late.map(\.code) == [.void])
        #expect(try await available() == 10)
    }

    @Test(arguments: [
        [PlannedFault.answerLost], [.requestLost], [.answerLost, .requestLost], [.requestLost, .answerLost],
        [.answerLost, .answerLost],
    ])
    func lostAnswersOfRecording(plan: [PlannedFault]) async throws {
        let records = plan.count == 1 ? FaultPlan(plan[0]) : FaultPlan(plan[0], plan[1])
        let result = await book(records: records)
        try await settle()
        #expect(try await status(result) == .completed)
        #expect(try await available() == 8)
    }

    @Test func anImpossibleRecordIsAborted() async throws {
        let result = await book(records: FaultPlan(.requestLost, .refused))
        guard case .failure(.museumUnavailable) = result else { Issue.record("\(result)"); return }
        try await settle()
        #expect(try await available() == 10)
        #expect(try await status(await book()) == .requested)
    }

    @Test func recordAndAbortWithoutReplyLeaveTheOutcomeUnknown() async throws {
        let result = await book(records: FaultPlan(.requestLost, .requestLost), aborts: FaultPlan(.requestLost))
        guard case .failure(.outcomeUnknown(let id)) = result, let id else { Issue.record("\(result)"); return }
        #expect(try await available() == 8)
        // Not at once: recording may still be under way.
        try await settle()
        #expect(try await available() == 8)
        try await settle(age: .seconds(2))
        #expect(try await available() == 10)
        #expect(try await store.find(id)?.status == .aborted)
        #expect(try await status(await book()) == .requested)
    }

    @Test func aRecordedBookingIsNeverAborted() async throws {
        let result = await book()
        try await settle(age: .seconds(10))
        #expect(try await status(result) == .completed)
        #expect(try await available() == 8)
    }

    /// The gateway's own key is new: its booking is not looked up. If it was used all the same, the outcome is that of a key that
    /// was looked up.
    @Test(arguments: [[], [.answerLost], [.answerLost, .answerLost]] as [[PlannedFault]])
    func aNewKeyIsNotLookedUp(plan: [PlannedFault]) async throws {
        let seats = FaultPlan(plan)
        _ = try await client.send("SCRIPT", "LOAD", BookRecord.script.source)
        let counting = CommandCounter(client)
        let bookings = RedisBookingStore(client: counting)
        let attempt = BookingAttempt(
            seats: ReservationBatcher(
                FaultySeats(store: seatStore, plan: seats), recorder: BookingRecorder(store: bookings)),
            store: bookings, ids: HMACBookingIDGenerator.fixed(), partitions: AllPartitions())
        func run() async throws -> Booked {
            try await attempt.run(
                BookingRequest(exhibition: exhibition, visitor: "kim", seats: 2), key: "key", isKeyNew: true,
                metadata: RequestMetadata(requestId: nil, moment: 5))
        }
        let first: Booked
        if plan.count == 2 {
            await #expect(throws: Failure.self) { try await run() }
            try await settle()
            first = try await run()
        } else {
            first = try await run()
            #expect(!first.isReplayed && counting.count.value == 1, "recorded, and nothing else")
        }
        try await settle()
        let again = try await run()
        #expect(again.isReplayed && again.booking.id == first.booking.id && again.booking.status == .completed)
        #expect(try await available() == 8)
        // Canceled, it is still the same booking.
        _ = try await store.change(Transition(of: first.booking.id, .cancel, RequestMetadata(requestId: nil, moment: 9)))
        try await settle()
        let canceled = try await run()
        #expect(canceled.isReplayed && canceled.booking.status == .canceled)
        #expect(try await available() == 10)
    }

    /// A key whose booking has fewer seats by now is compared with the seats that were booked, whether it is looked up first or not.
    @Test(arguments: [true, false])
    func aKeyStandsForTheSeatsThatWereBooked(isKeyNew: Bool) async throws {
        let attempt = BookingAttempt(
            seats: ReservationBatcher(
                FaultySeats(store: seatStore, plan: FaultPlan()), recorder: BookingRecorder(store: store)),
            store: store, ids: HMACBookingIDGenerator.fixed(), partitions: AllPartitions())
        func run(seats: Int) async throws -> Booked {
            try await attempt.run(
                BookingRequest(exhibition: exhibition, visitor: "kim", seats: seats), key: "key", isKeyNew: isKeyNew,
                metadata: RequestMetadata(requestId: nil, moment: 5))
        }
        let first = try await run(seats: 5)
        for (seats, isApplied) in [(3, false), (2, true)] {
            _ = try await store.lower(first.booking.id, to: seats, metadata: RequestMetadata(requestId: nil, moment: 9))
            for _ in 1...2 {
                let again = try await run(seats: 5)
                #expect(again.isReplayed && again.booking.id == first.booking.id && again.booking.seats == seats)
                for other in [seats, 4] {
                    await #expect(throws: Failure.idempotencyMismatch) { try await run(seats: other) }
                }
                // Once before Museum has released the seats, once after.
                if isApplied { try await settle() }
            }
        }
        #expect(try await available() == 8)
    }

    /// Counts the commands that it forwards.
    private struct CommandCounter: RedisSender {
        let client: RedisClient
        let count = LockedBox(0)

        init(_ client: RedisClient) { self.client = client }

        func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
            count.update { $0 += commands.count }
            return await client.sendOnce(commands)
        }
    }

    @Test func aCollidingIdIsReplaced() async throws {
        let draws = FaultPlan()
        let ids = HMACBookingIDGenerator.fixed(random: { draws.next() == .arrives && draws.calls.value <= 2 ? 7 : 8 })
        let attempt = BookingAttempt(
            seats: ReservationBatcher(
                FaultySeats(store: seatStore, plan: FaultPlan()), recorder: BookingRecorder(store: store)),
            store: store, ids: ids,
            partitions: AllPartitions())
        let request = BookingRequest(exhibition: exhibition, visitor: "kim", seats: 2)
        let first = try await attempt.run(request, key: nil, metadata: RequestMetadata(requestId: nil, moment: 1))
        let second = try await attempt.run(request, key: nil, metadata: RequestMetadata(requestId: nil, moment: 1))
        #expect(first.booking.id != second.booking.id)
        #expect(try await available() == 6)
    }

    @Test func concurrentReservationsAreSentInOneBatch() async throws {
        _ = try await client.send("HSET", "museum:{a}:a1", "capacity", "150", "available", "150")
        let seats = FaultySeats(store: seatStore, plan: FaultPlan(.requestLost, .arrives, .refused))
        let queue = ReservationBatcher(seats, recorder: BookingRecorder(store: store))
        let answers = await withTaskGroup { group in
            for number in 0..<300 {
                let id = BookingID(exhibition: exhibition, bits: UInt64(number))
                group.addTask { () -> Result<ReservationOutcome.Code, ReservationError> in
                    do throws(ReservationError) {
                        let request = BookingRequest(exhibition: exhibition, visitor: "kim", seats: 1)
                        let metadata = RequestMetadata(requestId: nil, moment: 5)
                        let booking = NewBooking(id: id, request: request, metadata: metadata)
                        return .success(try await queue.reserve(booking, before: .now + .seconds(5)).outcome.code)
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 300, "a call that fails hands on all the same")
        #expect(seats.batches.value.allSatisfy { (1...Reservation.batchLimit).contains($0) })
        #expect(seats.batches.value.count < 100)
        let reserved = answers.count { $0 == .success(.reserved) }
        #expect(try await client.send("HGET", "museum:{a}:a1", "held").asInteger() == reserved)
        #expect(reserved <= 150 && answers.contains { $0 == .failure(.outcomeUnknown) })
        #expect(try await client.send("ZCARD", "book:{a}:a1:index").asInteger() == reserved, "what is reserved is recorded")
    }
}
