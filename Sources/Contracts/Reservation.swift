/// What Book asks of Museum for one booking.
public struct Reservation: Sendable, Equatable {
    public let booking: BookingID
    public let seats: Int
    public let visitor: String
    public let requestId: String?

    public init(booking: BookingID, seats: Int, visitor: String, requestId: String?) {
        self.booking = booking
        self.seats = seats
        self.visitor = visitor
        self.requestId = requestId
    }

    /// Most reservations that one call carries.
    public static let batchLimit = 64
}

/// What Museum answers to one reservation. The words are those of `museum_reserve.lua` and of the inner route.
public struct ReservationOutcome: Sendable, Equatable {
    public enum Word: String, Sendable, CaseIterable {
        case reserved = "RESERVED"
        /// The booking holds these seats already.
        case repeated = "REPEATED"
        /// The booking holds another number of seats.
        case mismatch = "MISMATCH"
        /// The booking's seats were given back, or will never be taken.
        case void = "VOID"
        case soldOut = "SOLD_OUT"
        case closed = "CLOSED"
        case deleted = "DELETED"
        /// The exhibition has ended.
        case over = "OVER"
        case noExhibition = "NO_EXHIBITION"
    }

    public let word: Word
    /// Seats that the exhibition has left.
    public let available: Int

    public init(word: Word, available: Int) {
        self.word = word
        self.available = available
    }
}
