import Contracts
import Museum
import Redis
import TestSupport

@testable import Book

/// What happens to a call on its way.
enum Fate: Sendable {
    case arrives
    /// Done, but nobody hears of it.
    case answerLost
    /// Not done, and nobody can tell.
    case requestLost
    /// Certainly not done.
    case refused
}

/// Fates in the order of the calls; when they have run out, all arrives.
final class Fates: Sendable {
    private let box: LockedBox<[Fate]>
    let calls = LockedBox(0)

    init(_ fates: Fate...) { box = LockedBox(fates) }

    func next() -> Fate {
        calls.update { $0 += 1 }
        return box.update { $0.isEmpty ? .arrives : $0.removeFirst() }
    }
}

/// The real seats on a way that loses things.
struct FaultySeats: Seats {
    let store: any SeatStore
    let fates: Fates
    let batches = LockedBox<[Int]>([])

    func reserve(
        _ reservations: [Reservation], for exhibition: ExhibitionID, before deadline: ContinuousClock.Instant
    ) async throws(SeatsFault) -> [ReservationOutcome] {
        batches.update { $0.append(reservations.count) }
        let fate = fates.next()
        if fate == .refused { throw .notSent(.museumUnavailable("refused")) }
        if fate == .requestLost { throw .inDoubt }
        do throws(Failure) {
            let outcomes = try await store.reserve(reservations, for: exhibition, at: 1, local: .longBefore)
            if fate == .answerLost { throw .outcomeUnknown(booking: nil) }
            return outcomes
        } catch {
            throw .inDoubt
        }
    }
}

/// The real bookings on a way that loses things.
struct FaultyBookings: BookingStore {
    let store: RedisBookingStore
    let records: Fates
    let aborts: Fates

    func record(_ order: Order, as id: BookingID, cause: Cause) async throws(Failure) -> RecordOutcome {
        try await on(records.next()) { () async throws(Failure) in try await store.record(order, as: id, cause: cause) }
    }

    func abort(_ order: Order, as id: BookingID, cause: Cause) async throws(Failure) -> AbortOutcome {
        try await on(aborts.next()) { () async throws(Failure) in try await store.abort(order, as: id, cause: cause) }
    }

    func advance(_ steps: [Step]) async throws(Failure) -> [AdvanceOutcome] { try await store.advance(steps) }
    func find(_ id: BookingID) async throws(Failure) -> Booking? { try await store.find(id) }

    private func on<Outcome>(_ fate: Fate, _ call: () async throws(Failure) -> Outcome) async throws(Failure) -> Outcome {
        switch fate {
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

extension HashedBookingNames {
    /// Ids under a secret that stands in no Redis.
    static func fixed(
        secret: [UInt8] = [1, 2, 3], random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) -> HashedBookingNames {
        HashedBookingNames(secret: { () async throws(Failure) in secret }, random: random)
    }
}
