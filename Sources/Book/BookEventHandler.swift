import Contracts

/// Applies Museum's events to bookings: reserved seats complete a booking, revoked seats force-cancel it, and seats without a
/// booking are aborted.
struct BookEventHandler: EventHandler {
    let service: BookingService
    let now: CurrentTime
    let relevant: Set<EventType> = [.seatsReserved, .seatsRevoked]

    /// How long a reservation may be without its booking. Recording follows reserving within the request's deadline.
    static let recordWithin = Duration.seconds(2)

    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition] {
        let moment = now()
        var dispositions = deliveries.map { _ in EventDisposition.applied }
        var transitions: [(index: Int, transition: Transition)] = []
        for (index, delivery) in deliveries.enumerated() {
            guard case .seats(let seats) = delivery.event.subject else { continue }
            let metadata = delivery.metadata(at: moment)
            switch delivery.event.type {
            case .seatsReserved: transitions.append((index, Transition(of: seats.booking, .complete, metadata)))
            case .seatsRevoked: transitions.append((index, Transition(of: seats.booking, .forceCancel, metadata)))
            default: break
            }
        }
        if transitions.isEmpty { return dispositions }
        let codes = try await service.apply(transitions.map(\.transition))
        for ((index, transition), code) in zip(transitions, codes) where code == .absent {
            dispositions[index] = try await abort(deliveries[index], transition.metadata)
        }
        return dispositions
    }

    /// Recording is often slower than this event: seats without a booking, reserved or revoked, are aborted after
    /// ``recordWithin``.
    private func abort(_ delivery: Delivery, _ metadata: RequestMetadata) async throws(Failure) -> EventDisposition {
        guard case .seats(let seats) = delivery.event.subject, delivery.age >= Self.recordWithin else { return .retryLater }
        let isReserved = delivery.event.type == .seatsReserved
        // Revoked seats name no visitor, and an aborted booking needs none: nobody sees it in a list.
        guard let visitor = isReserved ? seats.visitor : "" else { return .deadLetter("field visitor is missing") }
        let request = BookingRequest(exhibition: seats.booking.exhibition, visitor: visitor, seats: seats.seats)
        switch try await service.abort(request, as: seats.booking, metadata: metadata) {
        case .aborted: return .applied
        // Recorded at the last moment: the next try completes or force-cancels it.
        case .exists: return .retryLater
        }
    }
}
