import Contracts

/// A visitor's booking of seats of one exhibition.
struct Booking: Sendable, Equatable {
    let id: BookingID
    let visitor: String
    let seats: Int
    let status: BookingStatus
    /// 1 at creation, one more with each change.
    let version: Int
    let createdAt: Moment
    let updatedAt: Moment

    static let seatsRange = 1...100
    static let visitorLength = 1...64
}

/// What a visitor asks for.
struct Order: Sendable, Equatable {
    let exhibition: ExhibitionID
    let visitor: String
    let seats: Int
}

/// What ends or completes a booking. Each starts from certain states only; the scripts keep that.
enum Transition: Sendable, Equatable {
    case complete
    case cancel
    case forceCancel
}
