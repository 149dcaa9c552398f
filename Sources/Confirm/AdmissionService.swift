import Contracts

/// What the door asks, and how admissions follow bookings.
struct AdmissionService: Sendable {
    let store: any AdmissionStore

    func find(_ id: BookingID) async throws(Failure) -> Admission {
        guard let admission = try await store.find(id) else { throw .unknownAdmission(id.text) }
        return admission
    }

    func follow(_ bookings: [(facts: BookingFacts, cause: Cause)]) async throws(Failure) {
        let steps = bookings.compactMap { booking in
            AdmissionStatus(following: booking.facts.status).map {
                FollowStep(booking: booking.facts, status: $0, cause: booking.cause)
            }
        }
        if !steps.isEmpty { try await store.follow(steps) }
    }
}
