/// What Book asks of Museum for one booking.
public struct Reservation: Sendable, Equatable {
    public let booking: BookingID
    public let seats: Int
    public let visitor: String
    public let requestId: String?
    public let traceparent: String?

    public init(booking: BookingID, seats: Int, visitor: String, requestId: String?, traceparent: String? = nil) {
        self.booking = booking
        self.seats = seats
        self.visitor = visitor
        self.requestId = requestId
        self.traceparent = traceparent
    }

    /// Most reservations that one call carries.
    public static let batchLimit = 64
}

/// What became of one reservation. The codes are those of `museum_reserve.lua` and of the internal route.
public struct ReservationOutcome: Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        case reserved = "RESERVED"
        /// The booking holds these seats already.
        case repeated = "REPEATED"
        /// The booking holds another number of seats.
        case mismatch = "MISMATCH"
        /// The booking's seats were released, or will never be reserved.
        case void = "VOID"
        case soldOut = "SOLD_OUT"
        case closed = "CLOSED"
        case deleted = "DELETED"
        /// The exhibition has ended.
        case over = "OVER"
        case noExhibition = "NO_EXHIBITION"
    }

    public let code: Code
    /// Seats that the exhibition has left.
    public let available: Int

    public init(code: Code, available: Int) {
        self.code = code
        self.available = available
    }
}
