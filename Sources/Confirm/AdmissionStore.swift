import Contracts

/// Where admissions are kept.
protocol AdmissionStore: Sendable {
    /// Brings each admission to where its booking is, unless it has seen a newer state of the booking.
    func follow(_ steps: [AdmissionUpdate]) async throws(Failure)
    func find(_ id: BookingID) async throws(Failure) -> Admission?
    /// Newest booking first within an exhibition, exhibition by exhibition.
    /// - Parameter partitions: where to look, if no exhibition is named.
    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [AdmissionStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Admission>
}

/// The admission that a booking's event leads to.
struct AdmissionUpdate: Sendable {
    let booking: BookingPayload
    let status: AdmissionStatus
    let metadata: RequestMetadata
}
