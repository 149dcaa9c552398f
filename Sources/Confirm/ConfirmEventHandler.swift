import Contracts

/// Applies Book's events: each admission follows its booking.
struct ConfirmEventHandler: EventHandler {
    let service: AdmissionService
    let now: CurrentTime
    let relevant: Set<EventType> = [.requestCompleted, .canceled, .forceCanceled, .bookingChanged]

    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition] {
        let moment = now()
        var bookings: [(payload: BookingPayload, metadata: RequestMetadata)] = []
        for delivery in deliveries {
            guard case .booking(let payload) = delivery.event.subject else { continue }
            bookings.append((payload, delivery.metadata(at: moment)))
        }
        try await service.follow(bookings)
        return deliveries.map { _ in .applied }
    }
}
