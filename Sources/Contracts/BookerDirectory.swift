/// Who has booked: what a guest is known by who comes back on another device.
public protocol BookerDirectory: Sendable {
    /// `nil` where there is no such booking.
    func booker(of booking: BookingID) async throws(Failure) -> Booker?
}

/// A booking's visitor, and the contact given with the booking.
public struct Booker: Sendable, Equatable {
    public let visitor: String
    public let contact: String?

    public init(visitor: String, contact: String?) {
        self.visitor = visitor
        self.contact = contact
    }
}
