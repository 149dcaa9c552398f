import Contracts

/// What the door knows of a booking: whether its visitor is let in.
struct Admission: Sendable, Equatable {
    let booking: BookingID
    let visitor: String
    let seats: Int
    let status: AdmissionStatus
    let updatedAt: Moment
}

extension AdmissionStatus {
    /// The admission that a booking in this state has; `nil` while, or because, it has none.
    init?(following booking: BookingStatus) {
        switch booking {
        case .completed: self = .confirmed
        case .canceled: self = .canceled
        case .forceCanceled: self = .forceCanceled
        case .requested, .aborted: return nil
        }
    }
}
