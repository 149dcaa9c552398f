public import Contracts

/// What Museum does when it hears Book: the seats of a booking that ended come back.
public struct MuseumEvents: EventHandler {
    private let seats: any SeatStore
    private let now: Clock

    public init(seats: any SeatStore, now: @escaping Clock) {
        self.seats = seats
        self.now = now
    }

    public func handle(_ deliveries: [Delivery]) async throws(Failure) -> [Verdict] {
        let moment = now()
        var releases: [(booking: BookingID, cause: Cause)] = []
        for delivery in deliveries {
            guard case .booking(let booking) = delivery.event.subject else { continue }
            switch delivery.event.type {
            case .canceled, .aborted:
                releases.append((booking.id, Cause(requestId: delivery.event.requestId, moment: moment)))
            default: break
            }
        }
        if !releases.isEmpty { try await seats.release(releases) }
        return deliveries.map { _ in .applied }
    }
}
