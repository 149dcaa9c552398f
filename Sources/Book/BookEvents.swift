import Contracts

/// What Book does when it hears Museum: a booking whose seats are taken is completed, one whose seats were revoked is
/// force-canceled, and a booking that nobody records is aborted.
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

    /// Recording is often slower than we are: only after a while are seats without a booking given up, reserved or revoked.
    private func give(up delivery: Delivery, cause: Cause) async throws(Failure) -> Verdict {
        guard case .seats(let seats) = delivery.event.subject, delivery.age >= Self.recordWithin else { return .notYet }
        let isReserved = delivery.event.type == .seatsReserved
        // Revoked seats name no visitor, and an aborted booking needs none: nobody sees it in a list.
        guard let visitor = isReserved ? seats.visitor : "" else { return .poison("field visitor is missing") }
        let order = Order(exhibition: seats.booking.exhibition, visitor: visitor, seats: seats.seats)
        switch try await store.abort(order, as: seats.booking, cause: cause) {
        case .aborted: return .applied
        // Recorded at the last moment: the next try completes or force-cancels it.
        case .exists: return .notYet
        }
    }
}
