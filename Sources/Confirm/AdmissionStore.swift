import Contracts

/// Where admissions are kept.
protocol AdmissionStore: Sendable {
    /// Sets each admission to the state of its booking, unless it has a newer one.
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
