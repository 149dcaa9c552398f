import Contracts

/// Where admissions are kept.
protocol AdmissionStore: Sendable {
    /// Brings each admission to where its booking is, unless it has seen a newer state of the booking.
    func follow(_ steps: [AdmissionUpdate]) async throws(Failure)
    func find(_ id: BookingID) async throws(Failure) -> Admission?
}

struct AdmissionUpdate: Sendable {
    let booking: BookingPayload
    let status: AdmissionStatus
    let metadata: RequestMetadata
}
