import Contracts

/// What the door knows of a booking: whether its visitor is let in.
struct Admission: Sendable, Equatable {
    let booking: BookingID
    let visitor: String
    let seats: Int
    let status: AdmissionStatus
    let updatedAt: UnixMilliseconds
}
