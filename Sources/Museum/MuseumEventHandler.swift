public import Contracts

/// Applies Book's events: the seats of a canceled or aborted booking are released.
public struct MuseumEventHandler: EventHandler {
    private let seats: any SeatStore
    private let now: CurrentTime

    public init(seats: any SeatStore, now: @escaping CurrentTime) {
        self.seats = seats
        self.now = now
    }

    public func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition] {
        let moment = now()
        var releases: [(booking: BookingID, metadata: RequestMetadata)] = []
        for delivery in deliveries {
            guard case .booking(let booking) = delivery.event.subject else { continue }
            switch delivery.event.type {
            case .canceled, .aborted:
                releases.append((booking.id, RequestMetadata(requestId: delivery.event.requestId, moment: moment)))
            default: break
            }
        }
        if !releases.isEmpty { try await seats.release(releases) }
        return deliveries.map { _ in .applied }
    }
}
