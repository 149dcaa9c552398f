import Contracts
import Messaging
import Metrics
import Redis
import Scripts

/// Seats in Redis: how many are left in the exhibition's hash, who holds them in the hash beside it.
struct RedisSeatStore: SeatStore {
    let client: any RedisSender

    func reserve(
        _ reservations: [Reservation], for id: ExhibitionID, at moment: UnixMilliseconds, local: LocalDateTime
    ) async throws(Failure) -> [ReservationOutcome] {
        let call = MuseumReserve(
            in: Keys(partition: id.partition), now: moment, exhibition: id.text, date: local.date,
            previousDate: local.previousDate, time: local.time,
            reservations: reservations.map {
                MuseumReserve.Reservation(
                    booking: $0.booking.text, seats: $0.seats, visitor: $0.visitor, requestId: $0.requestId,
                    traceparent: $0.traceparent)
            })
        let outcomes = try await client.call(call).map { ReservationOutcome(code: $0.code.outcomeCode, available: $0.available) }
        for (reservation, outcome) in zip(reservations, outcomes) { SeatMetrics.count(outcome.code, seats: reservation.seats) }
        return outcomes
    }

    func release(_ releases: [SeatRelease]) async throws(Failure) {
        // Each of the results means that the booking holds no more seats than it keeps.
        _ = try await client.call(releases) {
            $0.booking.partition == $1.booking.partition && $0.metadata.moment == $1.metadata.moment
        } as: { releases in
            MuseumRelease(
                in: Keys(partition: releases[0].booking.partition), now: releases[0].metadata.moment,
                bookings: releases.map {
                    MuseumRelease.Booking(
                        id: $0.booking.text, exhibition: $0.booking.exhibition.text, kept: $0.kept,
                        requestId: $0.metadata.requestId, traceparent: $0.metadata.traceparent)
                })
        }
    }

    func revokeSome(of id: ExhibitionID, at moment: UnixMilliseconds) async throws(Failure) -> Int? {
        switch try await client.call(MuseumRevoke(in: Keys(partition: id.partition), now: moment, exhibition: id.text)) {
        case .more(let revoked): revoked
        case .done, .notDeleted: nil
        }
    }

    func revoking(in partition: String) async throws(Failure) -> [ExhibitionID] {
        do throws(RedisError) {
            return try await client.send("SMEMBERS", Keys(partition: partition).revoking).asTexts().compactMap(ExhibitionID.init)
        } catch {
            throw Failure(reading: error)
        }
    }
}

extension MuseumReserve.Code {
    fileprivate var outcomeCode: ReservationOutcome.Code {
        switch self {
        case .noExhibition: .noExhibition
        case .repeated: .repeated
        case .mismatch: .mismatch
        case .void: .void
        case .deleted: .deleted
        case .closed: .closed
        case .over: .over
        case .soldOut: .soldOut
        case .reserved: .reserved
        }
    }
}

/// Seats sold and refused, in numbers. A repeated reservation counts once.
private enum SeatMetrics {
    private static let sold = Counter(label: "skmuseum_seats_sold_total", dimensions: [("service", "museum")])

    static func count(_ code: ReservationOutcome.Code, seats: Int) {
        switch code {
        case .reserved: sold.increment(by: seats)
        case .repeated: break
        case .mismatch, .void, .soldOut, .closed, .deleted, .over, .noExhibition:
            let reason = code.rawValue.lowercased().replacing("_", with: "-")
            Counter(label: "skmuseum_seats_refused_total", dimensions: [("service", "museum"), ("reason", reason)])
                .increment(by: seats)
        }
    }
}
