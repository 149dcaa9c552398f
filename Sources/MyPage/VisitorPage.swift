import Contracts

/// A row of a visitor's page: a booking and its admission side by side, and the exhibition as MyPage has heard of it.
struct VisitorPage: Sendable, Equatable {
    let booking: BookingID
    let visitor: String
    let seats: Int
    let status: BookingStatus
    /// `nil` until Confirm has been heard.
    let admission: AdmissionStatus?
    let exhibition: ShownExhibition?
    /// When either half last changed.
    let updatedAt: Moment
}

/// What a page shows of an exhibition.
struct ShownExhibition: Sendable, Equatable {
    let title: String?
    let hall: String
    let date: String
    let startTime: String?
    let endTime: String?
}

/// News for the read model: one half of a row, or an exhibition, at one version.
enum News: Sendable, Equatable {
    case booking(BookingFacts, at: Moment)
    case admission(AdmissionFacts, at: Moment)
    case exhibition(ExhibitionFacts)
}
