import Contracts

/// Applies the other services' events to the read model. Events about seats are ignored: rows show bookings.
struct MyPageEventHandler: EventHandler {
    let service: MyPageService
    let relevant = Set(EventType.allCases).subtracting([.seatsReserved, .seatsReleased, .seatsRevoked])

    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition] {
        let updates = deliveries.compactMap { delivery -> ProjectionUpdate? in
            let event = delivery.event
            return switch event.subject {
            case .booking(let payload): .booking(payload, at: event.timestamp)
            case .admission(let payload): .admission(payload, at: event.timestamp)
            case .exhibition(let payload): .exhibition(payload)
            case .seats: nil
            }
        }
        try await service.apply(updates)
        return deliveries.map { _ in .applied }
    }
}
