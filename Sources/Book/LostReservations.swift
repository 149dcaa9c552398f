import Contracts

/// Reserves again the seats of bookings that are still REQUESTED. A failover to a replica may keep a booking and lose its
/// reservation.
struct LostReservations: Sendable {
    let seats: any SeatReservations
    /// One for each id, in order.
    let find: @Sendable ([BookingID]) async throws(Failure) -> [Booking?]

    /// A booking as its event names it.
    struct Candidate: Sendable {
        let id: BookingID
        let requestId: String?
        let traceparent: String?
    }

    /// What has been found out about some candidates.
    struct Findings: Sendable {
        /// Their seats have been reserved again.
        var reserved: [BookingID] = []
        /// Museum refuses them, and they are still REQUESTED.
        var refused: [(candidate: Candidate, code: ReservationOutcome.Code)] = []
        /// Nothing is known of them.
        var unknown: [Candidate] = []
    }

    private static let callWithin = Duration.seconds(1)

    /// Those that have their seats, or are not REQUESTED, are in none of the findings.
    func reserveAgain(_ candidates: [Candidate]) async -> Findings {
        var findings = Findings()
        do throws(Failure) {
            let requested = try await requested(candidates)
            for (exhibition, bookings) in Dictionary(grouping: requested, by: \.booking.id.exhibition) {
                for first in stride(from: 0, to: bookings.count, by: Reservation.batchLimit) {
                    let batch = bookings[first..<min(first + Reservation.batchLimit, bookings.count)]
                    await reserve(Array(batch), of: exhibition, &findings)
                }
            }
            let refused = findings.refused
            findings.refused = []
            // It may have been canceled meanwhile.
            let open = Set(try await self.requested(refused.map(\.candidate)).map(\.booking.id))
            findings.refused = refused.filter { open.contains($0.candidate.id) }
        } catch {
            let known = Set(findings.reserved)
            findings.unknown = candidates.filter { !known.contains($0.id) }
        }
        return findings
    }

    private func requested(_ candidates: [Candidate]) async throws(Failure) -> [(candidate: Candidate, booking: Booking)] {
        if candidates.isEmpty { return [] }
        return zip(candidates, try await find(candidates.map(\.id))).compactMap { candidate, booking in
            booking.flatMap { $0.status == .requested ? (candidate, $0) : nil }
        }
    }

    private func reserve(
        _ bookings: [(candidate: Candidate, booking: Booking)], of exhibition: ExhibitionID, _ findings: inout Findings
    ) async {
        let reservations = bookings.map { candidate, booking in
            Reservation(
                booking: booking.id, seats: booking.seats, visitor: booking.visitor, requestId: candidate.requestId,
                traceparent: candidate.traceparent)
        }
        do throws(ReservationError) {
            let outcomes = try await seats.reserve(reservations, for: exhibition, before: .now + Self.callWithin)
            for ((candidate, _), outcome) in zip(bookings, outcomes) {
                switch outcome.code {
                case .reserved: findings.reserved.append(candidate.id)
                // It has its seats; of MISMATCH those that it had before they were lowered.
                case .repeated, .mismatch: break
                case .void, .soldOut, .closed, .deleted, .over, .noExhibition: findings.refused.append((candidate, outcome.code))
                }
            }
        } catch {
            findings.unknown += bookings.map(\.candidate)
        }
    }
}
