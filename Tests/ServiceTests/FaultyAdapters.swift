import Contracts
@testable import Museum
import Redis
import TestSupport

@testable import Book

/// What happens to a call on its way.
enum PlannedFault: Sendable {
    case arrives
    /// Applied, but the response is lost.
    case answerLost
    /// Not done, and nobody can tell.
    case requestLost
    /// Certainly not done.
    case refused
}

/// FaultPlan in the request of the calls; when they have run out, all arrives.
final class FaultPlan: Sendable {
    private let box: LockedBox<[PlannedFault]>
    let calls = LockedBox(0)

    init(_ plan: [PlannedFault]) { box = LockedBox(plan) }

    convenience init(_ plan: PlannedFault...) { self.init(plan) }

    func next() -> PlannedFault {
        calls.update { $0 += 1 }
        return box.update { $0.isEmpty ? .arrives : $0.removeFirst() }
    }
}

/// The real seats on a way that loses things.
struct FaultySeats: SeatReservations {
    let store: RedisSeatStore
    let plan: FaultPlan
    var batches = LockedBox<[Int]>([])

    func reserve(
        _ reservations: [Reservation], for exhibition: ExhibitionID, before deadline: ContinuousClock.Instant
    ) async throws(ReservationError) -> [ReservationOutcome] {
        batches.update { $0.append(reservations.count) }
        let fault = plan.next()
        if fault == .refused { throw .notSent(.museumUnavailable("refused")) }
        if fault == .requestLost { throw .outcomeUnknown }
        do throws(Failure) {
            let outcomes = try await store.reserve(reservations, for: exhibition, at: 1, local: .longBefore)
            if fault == .answerLost { throw .outcomeUnknown(booking: nil) }
            return outcomes
        } catch {
            throw .outcomeUnknown
        }
    }
}

/// The real bookings on a way that loses things.
struct FaultyBookings: BookingStore {
    let store: RedisBookingStore
    let records: FaultPlan
    let aborts: FaultPlan
    var changes = FaultPlan()

    func record(_ bookings: [NewBooking]) async throws(Failure) -> [RecordOutcome] {
        try await on(records.next()) { () async throws(Failure) in try await store.record(bookings) }
    }

    func abort(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> AbortOutcome {
        try await on(aborts.next()) { () async throws(Failure) in try await store.abort(request, as: id, metadata: metadata) }
    }

    func change(_ transition: Transition) async throws(Failure) -> TransitionOutcome { try await store.change(transition) }
    func lower(_ id: BookingID, to seats: Int, metadata: RequestMetadata) async throws(Failure) -> TransitionOutcome {
        try await on(changes.next()) { () async throws(Failure) in try await store.lower(id, to: seats, metadata: metadata) }
    }
    func apply(_ transitions: [Transition]) async throws(Failure) -> [TransitionCode] { try await store.apply(transitions) }
    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [BookingStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Booking> {
        try await store.page(request, of: exhibition, statuses: statuses, partitions: partitions)
    }
    func find(_ id: BookingID) async throws(Failure) -> Booking? { try await store.find(id) }

    private func on<Outcome>(_ fault: PlannedFault, _ call: () async throws(Failure) -> Outcome) async throws(Failure) -> Outcome
    {
        switch fault {
        case .refused: throw .storageUnavailable("refused")
        case .requestLost: throw .outcomeUnknown(booking: nil)
        case .arrives: return try await call()
        case .answerLost:
            _ = try await call()
            throw .outcomeUnknown(booking: nil)
        }
    }
}

extension LocalDateTime {
    /// Before the tests' exhibitions.
    static let longBefore = LocalDateTime(0, secondsFromGMT: 0)
}

extension HMACBookingIDGenerator {
    /// Ids under a secret that stands in no Redis.
    static func fixed(
        secret: [UInt8] = [1, 2, 3], random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) -> HMACBookingIDGenerator {
        HMACBookingIDGenerator(secret: { () async throws(Failure) in secret }, random: random)
    }
}

/// Every partition is in use.
struct AllPartitions: PartitionDirectory {
    func contains(_ partition: String) async throws(Failure) -> Bool { true }
    func inUse() async throws(Failure) -> [String] { ["a"] }
    func note(_ partition: String) {}
}
