import Contracts

/// A booking as its visitor sees it: what, when, how many, and what has happened in words.
struct BookingCard {
    struct Step {
        let name: String
        let text: String
        /// Whether it has happened.
        let isDone: Bool
        /// What `aria-current` says.
        let current: String?
    }

    let id: String
    let museumId: String
    let title: String
    let hall: String?
    let day: String?
    let time: String?
    let seatsText: String
    let status: String
    let statusText: String
    let admission: String
    let updatedAt: String
    let updatedText: String
    let steps: [Step]
    /// Why the museum has canceled it.
    let reason: String?
    let canBeCanceled: Bool

    init(_ booking: Booking, _ visit: Visit) {
        let texts = visit.texts
        id = booking.id
        museumId = booking.museumId
        title = booking.title ?? booking.hall ?? booking.museumId
        hall = booking.title == nil ? nil : booking.hall
        day = booking.date.map(visit.local.day)
        time = visit.local.time(from: booking.startTime, to: booking.endTime)
        seatsText = texts.count("seats", booking.seats)
        status = booking.status.rawValue
        admission = booking.admission?.rawValue ?? ""
        updatedAt = booking.updatedAt
        updatedText = visit.local.moment(booking.updatedAt)
        reason = booking.status == .forceCanceled ? texts["forceCanceledReason"] : nil
        canBeCanceled = booking.isLive
        let names: [String]
        let reached: Int
        switch booking.status {
        case .requested, .completed:
            names = [BookingStatus.requested.rawValue, BookingStatus.completed.rawValue, AdmissionStatus.confirmed.rawValue]
            reached = booking.admission == .confirmed ? 2 : booking.status == .completed ? 1 : 0
        case .canceled, .forceCanceled, .aborted:
            names = [BookingStatus.requested.rawValue, booking.status.rawValue]
            reached = 1
        }
        steps = names.enumerated().map { place, name in
            Step(name: name, text: texts["status.\(name)"], isDone: place <= reached, current: place == reached ? "step" : nil)
        }
        statusText = texts["status.\(names[reached])"]
    }
}
