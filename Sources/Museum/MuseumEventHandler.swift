import Contracts

/// Applies Book's events: the seats of a canceled or aborted booking are released.
struct MuseumEventHandler: EventHandler {
    let service: SeatReservationService
    let now: CurrentTime
    let relevant: Set<EventType> = [.canceled, .aborted]

    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition] {
        let moment = now()
        var releases: [(booking: BookingID, metadata: RequestMetadata)] = []
        for delivery in deliveries {
            guard case .booking(let booking) = delivery.event.subject else { continue }
            switch delivery.event.type {
            case .canceled, .aborted:
                releases.append((booking.id, delivery.metadata(at: moment)))
            // The seats of a force-canceled booking were revoked before.
            default: break
            }
        }
        try await service.release(releases)
        return deliveries.map { _ in .applied }
    }
}
