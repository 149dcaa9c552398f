import Contracts

/// A row of a visitor's page: a booking and its admission side by side, and the exhibition as its events describe it.
struct MyPageRow: Sendable, Equatable {
    let booking: BookingID
    let visitor: String
    let seats: Int
    let status: BookingStatus
    /// `nil` until an event of Confirm has been applied.
    let admission: AdmissionStatus?
    let exhibition: ExhibitionDetails?
    /// When either half last changed.
    let updatedAt: UnixMilliseconds
    /// The versions of its halves; 0 for one that has not come.
    var bookingVersion = 0
    var admissionVersion = 0
}

/// Which rows are asked for; `nil` for any.
struct MyPageFilter: Sendable {
    var visitor: String?
    var exhibition: ExhibitionID?
    /// The exhibition's day, `YYYY-MM-DD`.
    var date: String?
}

/// An update of the read model: one half of a row, or an exhibition, at one version.
enum ProjectionUpdate: Sendable, Equatable {
    case booking(BookingPayload, at: UnixMilliseconds)
    case admission(AdmissionPayload, at: UnixMilliseconds)
    case exhibition(ExhibitionPayload)

    enum Subject: Hashable {
        case booking(BookingID), admission(BookingID), exhibition(ExhibitionID)
    }

    var subject: Subject {
        switch self {
        case .booking(let payload, _): .booking(payload.id)
        case .admission(let payload, _): .admission(payload.booking)
        case .exhibition(let payload): .exhibition(payload.id)
        }
    }

    var version: Int {
        switch self {
        case .booking(let payload, _): payload.version
        case .admission(let payload, _): payload.version
        case .exhibition(let payload): payload.version
        }
    }
}
