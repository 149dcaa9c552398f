/// The staff's pages. The raw value names the template and, with `.js`, the script.
enum StaffPage: String, CaseIterable, Sendable {
    case exhibitions = "staff"
    case registration = "staff-new"
    case exhibition = "staff-museum"
    case day = "staff-day"
    case bookings = "staff-bookings"

    /// As a route has it.
    var path: String {
        switch self {
        case .exhibitions: "staff"
        case .registration: "staff/new"
        case .exhibition: "staff/museums/{id}"
        case .day: "staff/day"
        case .bookings: "staff/bookings"
        }
    }

    /// The key of its heading.
    var heading: String {
        switch self {
        case .exhibitions: "staffExhibitions"
        case .registration: "staffNew"
        case .exhibition: "staffExhibition"
        case .day: "staffDay"
        case .bookings: "staffBookings"
        }
    }

    /// The parameters of the query that the page's forms show again.
    var entries: [String] {
        switch self {
        case .exhibitions: ["date", "hall", "title"]
        case .day: ["date"]
        case .bookings: ["id", "visitor"]
        case .registration, .exhibition: []
        }
    }

    /// Those that each of them links.
    static let linked: [StaffPage] = [.exhibitions, .registration, .day, .bookings]
}
