import Contracts

/// What Book does when it hears Museum: a booking whose seats are taken is completed, one whose seats were revoked is
/// force-canceled, and seats for which nobody records a booking are given up.
struct BookEvents: EventHandler {
    let store: any BookingStore
    let now: Clock

    /// How long a reservation may be without its booking. Recording follows reserving within the request's deadline.
    static let recordWithin = Duration.seconds(2)

    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [Verdict] {
        let moment = now()
        var verdicts = deliveries.map { _ in Verdict.applied }
        var steps: [(index: Int, step: Step)] = []
        for (index, delivery) in deliveries.enumerated() {
            guard case .seats(let seats) = delivery.event.subject else { continue }
            let cause = Cause(requestId: delivery.event.requestId, moment: moment)
            switch delivery.event.type {
            case .seatsReserved: steps.append((index, Step(booking: seats.booking, transition: .complete, cause: cause)))
            case .seatsRevoked: steps.append((index, Step(booking: seats.booking, transition: .forceCancel, cause: cause)))
            default: break
            }
        }
        if steps.isEmpty { return verdicts }
        for ((index, step), outcome) in zip(steps, try await store.advance(steps.map(\.step))) where outcome == .absent {
            verdicts[index] = try await give(up: deliveries[index], cause: step.cause)
        }
        return verdicts
    }

    /// Recording is often slower than we are: only after a while is a reservation without a booking given up.
    /// Revoked seats wait for what becomes of the reservation.
    private func give(up delivery: Delivery, cause: Cause) async throws(Failure) -> Verdict {
        guard case .seats(let seats) = delivery.event.subject, delivery.event.type == .seatsReserved,
            delivery.age >= Self.recordWithin
        else { return .notYet }
        guard let visitor = seats.visitor else { return .poison("field visitor is missing") }
        let order = Order(exhibition: seats.booking.exhibition, visitor: visitor, seats: seats.seats)
        switch try await store.abort(order, as: seats.booking, cause: cause) {
        case .aborted: return .applied
        // Recorded at the last moment: completed with the next try.
        case .exists: return .notYet
        }
    }
}
