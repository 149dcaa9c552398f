import Contracts

/// What the door asks, and how admissions follow bookings.
struct AdmissionService: Sendable {
    let store: any AdmissionStore

    func find(_ id: BookingID) async throws(Failure) -> Admission {
        guard let admission = try await store.find(id) else { throw .unknownAdmission(id.text) }
        return admission
    }

    func follow(_ bookings: [(payload: BookingPayload, metadata: RequestMetadata)]) async throws(Failure) {
        let steps = bookings.compactMap { booking in
            AdmissionStatus(following: booking.payload.status).map {
                AdmissionUpdate(booking: booking.payload, status: $0, metadata: booking.metadata)
            }
        }
        if !steps.isEmpty { try await store.follow(steps) }
    }
}
