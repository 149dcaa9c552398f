import Contracts
import Messaging
@testable import Museum
import Redis
import Scripts
import TestSupport
import Testing

@testable import Book

/// Bookings whose reservation is not there, as after a failover that lost it: they are reserved again, once, or reported.
@Suite(.timeLimit(.minutes(2)))
struct ReservationRepairTests {
    private let server: RedisServer
    private let client: RedisClient
    private let seatStore: RedisSeatStore
    private let store: RedisBookingStore
    private let exhibition = ExhibitionID(partition: "a", number: 1)
    private let logs = CapturedLogs()

    init() async throws {
        _ = TestMetrics.shared
        server = try await RedisServer.start()
        client = try server.client()
        seatStore = RedisSeatStore(client: client)
        store = RedisBookingStore(client: client)
        _ = try await client.run(MuseumRegister.a1)
        _ = try await client.send("SADD", "museum:partitions", "a")
    }

    private func worker(
        _ plan: FaultPlan = FaultPlan(), batches: LockedBox<[Int]> = LockedBox([]), next: Duration = .milliseconds(100)
    )
        -> ReservationRepairWorker
    {
        let timing = ReservationRepairWorker.Timing(
            first: .milliseconds(100), next: next, age: .zero, lookback: .seconds(60), pause: .milliseconds(1),
            refused: .milliseconds(50))
        return ReservationRepairWorker(
            redis: client, seats: FaultySeats(store: seatStore, plan: plan, batches: batches), timing: timing, logger: logs.logger
        )
    }

    /// Runs the worker and Book's consumers, whose sessions it follows.
    private func running(_ worker: ReservationRepairWorker, _ body: () async throws -> Void) async throws {
        let partitions = Partitions(client)
        try await partitions.refresh()
        let configuration = ConsumerConfiguration(
            events: try server.client(), store: nil, consumer: "book-test",
            onSession: { partition, _ in worker.sessionBegan(in: partition) }
        ) { sender in
            BookEventHandler(service: BookingService(store: RedisBookingStore(client: sender)), now: { 9 })
        }
        let consumers = EventConsumers(service: .book, partitions: partitions, configuration: configuration, logger: logs.logger)
        try await TestSupport.running([partitions, worker, consumers], body)
    }

    private func booking(_ number: UInt64, seats: Int = 2) -> NewBooking {
        NewBooking(
            id: BookingID(exhibition: exhibition, bits: number),
            request: BookingRequest(exhibition: exhibition, visitor: "kim", seats: seats),
            metadata: RequestMetadata(requestId: "r\(number)", moment: 5))
    }

    @discardableResult
    private func record(_ number: UInt64, seats: Int = 2) async throws -> BookingID {
        let booking = booking(number, seats: seats)
        #expect(try await store.record([booking]).count == 1)
        return booking.id
    }

    private func reserve(_ number: UInt64, seats: Int = 2) async throws {
        _ = try await seatStore.reserve([booking(number, seats: seats).reservation], for: exhibition, at: 5, local: .longBefore)
    }

    private func status(_ id: BookingID) async throws -> BookingStatus? { try await store.find(id)?.status }
    private func held() async throws -> Int { try await client.send("HGET", "museum:{a}:a1", "held").asInteger() }

    @Test func aLostReservationIsMadeAgainAtTheStart() async throws {
        let id = try await record(1)
        let worker = worker()
        try await running(worker) {
            try await eventually("it is completed") { try await status(id) == .completed }
            try await eventually("nothing is looked at any more") { worker.isIdle }
        }
        #expect(try await held() == 2)
        #expect(
            logs.loud.value.filter { $0.contains("reserved again") } == ["seats of a booking reserved again bookId=\(id.text)"])
    }

    @Test func andAfterALostConnection() async throws {
        let worker = worker()
        try await running(worker) {
            try await eventually("the looks of the start begin") { !worker.isIdle }
            try await eventually("they are over") { worker.isIdle }
            let id = try await record(1)
            _ = try await client.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            try await eventually("it is completed") { try await status(id) == .completed }
        }
        #expect(try await held() == 2)
    }

    /// Museum refuses it: it is reported once, and gets its seats when there are some.
    @Test func withoutSeatsLeftItStaysAndIsReported() async throws {
        try await reserve(7, seats: 9)
        let id = try await record(1)
        let series = #"skmuseum_bookings_without_seats_total{service="book"}"#
        let before = TestMetrics.shared.value(series) ?? 0
        let plan = FaultPlan()
        try await running(worker(plan)) {
            try await eventually("it is reported") {
                logs.loud.value.contains("booking has no seats bookId=\(id.text) outcome=SOLD_OUT")
            }
            // Two looks, and then now and then.
            try await eventually("it is tried again") { plan.calls.value >= 5 }
            #expect(try await status(id) == .requested)
            #expect(try await held() == 9)
            try await setCapacity(11)
            try await eventually("it is completed") { try await status(id) == .completed }
        }
        #expect(logs.times("booking has no seats") == 1)
        #expect(try await held() == 11)
        #expect((TestMetrics.shared.value(series) ?? 0) >= before + 1)
    }

    private func setCapacity(_ seats: Int) async throws {
        let fields = ExhibitionFields(
            title: nil, hall: "A hall", date: "2099-12-24", startTime: nil, endTime: nil, capacity: seats)
        _ = try await client.run(
            MuseumEdit(
                in: Keys(partition: "a"), now: 1, requestId: nil, exhibition: "a1", version: 1, fields: fields, status: "OPEN"))
    }

    /// Its seats are there, and Book has not applied SeatsReserved yet.
    @Test func oneThatIsOnlyLateIsLeftAlone() async throws {
        try await reserve(1)
        try await record(1)
        let plan = FaultPlan()
        let worker = worker(plan)
        try await TestSupport.running([worker]) {
            worker.sessionBegan(in: "a")
            try await eventually("it has been looked at") { plan.calls.value > 0 && worker.isIdle }
        }
        #expect(try await held() == 2)
        let events = try await client.send("XRANGE", "museum:{a}:events", "-", "+").asArray()
        #expect(try events.count { try $0.asArray()[1].asFields()["eventType"] == "SeatsReserved" } == 1)
        #expect(logs.loud.value.isEmpty, "\(logs.loud.value)")
    }

    @Test func whatIsNotKnownIsTriedAgain() async throws {
        let id = try await record(1)
        let plan = FaultPlan(.requestLost, .refused, .answerLost)
        try await running(worker(plan, next: .milliseconds(20))) {
            try await eventually("it is completed") { try await status(id) == .completed }
        }
        #expect(plan.calls.value == 3)
        #expect(try await held() == 2)
    }

    /// A tombstone: the event that tells Book may be on its way, so it is reported only at the end.
    @Test func releasedSeatsAreReportedAtTheEnd() async throws {
        let id = try await record(1)
        try await seatStore.release([SeatRelease(booking: id, kept: 0, metadata: RequestMetadata(requestId: nil, moment: 5))])
        let worker = worker(next: .milliseconds(20))
        try await running(worker) {
            try await eventually("it is reported") { logs.times("booking has no seats bookId=\(id.text) outcome=VOID") == 1 }
        }
        #expect(try await held() == 0)
    }

    @Test func manyAreReservedInBatches() async throws {
        try await setCapacity(1000)
        for number in 1...300 { try await record(UInt64(number)) }
        try await reserve(1)
        let batches = LockedBox<[Int]>([])
        try await running(worker(batches: batches)) {
            try await eventually("all have their seats") { try await held() == 600 }
        }
        #expect(batches.value.allSatisfy { (1...64).contains($0) } && batches.value.reduce(0, +) >= 299, "\(batches.value)")
    }
}
