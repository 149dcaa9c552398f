import Contracts

/// What Confirm does when it hears Book: the admission follows.
struct ConfirmEvents: EventHandler {
    let service: AdmissionService
    let now: Clock

    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [Verdict] {
        let moment = now()
        var bookings: [(facts: BookingFacts, cause: Cause)] = []
        for delivery in deliveries {
            guard case .booking(let facts) = delivery.event.subject else { continue }
            bookings.append((facts, Cause(requestId: delivery.event.requestId, moment: moment)))
        }
        try await service.follow(bookings)
        return deliveries.map { _ in .applied }
    }
}
