/// `OPEN` ⇄ `CLOSED` → `DELETED`.
public enum ExhibitionStatus: String, Sendable, CaseIterable {
    case open = "OPEN"
    /// New bookings are refused; existing ones stay.
    case closed = "CLOSED"
    case deleted = "DELETED"
}

/// `REQUESTED` → `REQUEST_COMPLETED` → `CANCELED` or `FORCE_CANCELED`; an attempt that failed is `ABORTED`.
public enum BookingStatus: String, Sendable, CaseIterable {
    case requested = "REQUESTED"
    case completed = "REQUEST_COMPLETED"
    case canceled = "CANCELED"
    case forceCanceled = "FORCE_CANCELED"
    case aborted = "ABORTED"
}

/// Follows the booking's.
public enum AdmissionStatus: String, Sendable, CaseIterable {
    case confirmed = "CONFIRMED"
    case canceled = "CANCELED"
    case forceCanceled = "FORCE_CANCELED"

    /// The admission that a booking in this state has; `nil` while, or because, it has none.
    public init?(following booking: BookingStatus) {
        switch booking {
        case .completed: self = .confirmed
        case .canceled: self = .canceled
        case .forceCanceled: self = .forceCanceled
        case .requested, .aborted: return nil
        }
    }
}
