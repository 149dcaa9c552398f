import Contracts

/// Whether a booking's visitor may enter.
struct Admission: Sendable, Equatable {
    let booking: BookingID
    let visitor: String
    let seats: Int
    let status: AdmissionStatus
    let updatedAt: UnixMilliseconds
}
