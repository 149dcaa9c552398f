import Contracts

/// The use cases of admissions: they follow bookings, and staff at the entrance read them.
struct AdmissionService: Sendable {
    let store: any AdmissionStore

    func find(_ id: BookingID) async throws(Failure) -> Admission {
        try await store.find(id).orThrow(.unknownAdmission(id.text))
    }

    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [AdmissionStatus]?, in partitions: any PartitionDirectory
    ) async throws(Failure) -> Page<Admission> {
        let partitions = exhibition == nil ? try await partitions.inUse() : []
        return try await store.page(request, of: exhibition, statuses: statuses, partitions: partitions)
    }

    /// Brings each booking's admission to the booking's newest state of those given.
    func follow(_ bookings: [(payload: BookingPayload, metadata: RequestMetadata)]) async throws(Failure) {
        let updates = bookings.newest(of: \.payload.id, version: \.payload.version).compactMap { booking in
            AdmissionStatus(following: booking.payload.status).map {
                AdmissionUpdate(booking: booking.payload, status: $0, metadata: booking.metadata)
            }
        }
        if !updates.isEmpty { try await store.follow(updates) }
    }
}
