import Contracts

/// Applies Book's events: the seats of a canceled or aborted booking are released, and those that a booking has given up.
struct MuseumEventHandler: EventHandler {
    let service: SeatReservationService
    let now: CurrentTime
    let relevant: Set<EventType> = [.canceled, .aborted, .bookingChanged]

    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition] {
        let moment = now()
        var releases: [SeatRelease] = []
        for delivery in deliveries {
            guard case .booking(let booking) = delivery.event.subject else { continue }
            switch delivery.event.type {
            case .canceled, .aborted:
                releases.append(SeatRelease(booking: booking.id, kept: 0, metadata: delivery.metadata(at: moment)))
            case .bookingChanged:
                releases.append(SeatRelease(booking: booking.id, kept: booking.seats, metadata: delivery.metadata(at: moment)))
            // The seats of a force-canceled booking were revoked before.
            default: break
            }
        }
        try await service.release(releases)
        return deliveries.map { _ in .applied }
    }
}
