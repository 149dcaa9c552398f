import Contracts

/// A visitor's booking of seats of one exhibition.
struct Booking: Sendable, Equatable {
    let id: BookingID
    let visitor: String
    let seats: Int
    let status: BookingStatus
    /// 1 at creation, one more with each change.
    let version: Int
    let createdAt: UnixMilliseconds
    let updatedAt: UnixMilliseconds
    /// The seats that were booked at first, if they have been lowered since.
    var bookedSeats: Int?
    var details: BookingDetails = [:]

    /// Whether it is what the request asks for. Seats that were lowered since and details don't count.
    func isBooked(by request: BookingRequest) -> Bool {
        visitor == request.visitor && (bookedSeats ?? seats) == request.seats
    }

    static let seatsRange = 1...100
    static let visitorLength = 1...64
}

/// What a visitor may add to a booking. Personal data: only Book's record has it, no event, no other service and no log line.
typealias BookingDetails = [BookingDetail: String]

/// One of the details. The raw value is the member's and the field's name.
enum BookingDetail: String, Sendable, CaseIterable {
    /// The name at the entrance.
    case name
    /// E-mail address or telephone number.
    case contact
    /// A group, a wheelchair, a companion.
    case note

    var length: ClosedRange<Int> {
        switch self {
        case .name: 1...64
        case .contact: 1...254
        case .note: 1...200
        }
    }
}

/// What a visitor asks for.
struct BookingRequest: Sendable, Equatable {
    let exhibition: ExhibitionID
    let visitor: String
    let seats: Int
    var details: BookingDetails = [:]
}

/// A change of a booking's status.
enum BookingTransition: Sendable, Equatable, CaseIterable {
    /// Its seats are reserved.
    case complete
    /// The visitor cancels.
    case cancel
    /// The museum deleted the exhibition.
    case forceCancel

    /// The statuses that it starts from. In any other the booking stays as it is.
    var from: [BookingStatus] {
        switch self {
        case .complete: [.requested]
        case .cancel, .forceCancel: [.requested, .completed]
        }
    }

    var to: BookingStatus {
        switch self {
        case .complete: .completed
        case .cancel: .canceled
        case .forceCancel: .forceCanceled
        }
    }

    var event: EventType {
        switch self {
        case .complete: .requestCompleted
        case .cancel: .canceled
        case .forceCancel: .forceCanceled
        }
    }
}

/// One booking's change of status.
struct Transition: Sendable {
    let booking: BookingID
    let kind: BookingTransition
    let metadata: RequestMetadata

    init(of booking: BookingID, _ kind: BookingTransition, _ metadata: RequestMetadata) {
        self.booking = booking
        self.kind = kind
        self.metadata = metadata
    }
}
