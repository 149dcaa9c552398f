import Contracts

/// A row of a visitor's page: a booking and its admission side by side, and the exhibition as MyPage has heard of it.
struct MyPageRow: Sendable, Equatable {
    let booking: BookingID
    let visitor: String
    let seats: Int
    let status: BookingStatus
    /// `nil` until Confirm has been heard.
    let admission: AdmissionStatus?
    let exhibition: ShownExhibition?
    /// When either half last changed.
    let updatedAt: UnixMilliseconds
}

/// What a page shows of an exhibition.
struct ShownExhibition: Sendable, Equatable {
    let title: String?
    let hall: String
    let date: String
    let startTime: String?
    let endTime: String?
}

/// ProjectionUpdate for the read model: one half of a row, or an exhibition, at one version.
enum ProjectionUpdate: Sendable, Equatable {
    case booking(BookingPayload, at: UnixMilliseconds)
    case admission(AdmissionPayload, at: UnixMilliseconds)
    case exhibition(ExhibitionPayload)
}
