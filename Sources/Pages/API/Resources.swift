import Contracts
import HTTPServer

/// An exhibition as the API shows it.
struct Exhibition: Sendable {
    let id: String
    let title: String?
    let hall: String
    let date: String
    let startTime: String?
    let endTime: String?
    let capacity: Int
    let available: Int
    let status: ExhibitionStatus

    /// `nil` where the document is none of an exhibition.
    init?(_ json: JSON) {
        guard let id = json["id"]?.text, let hall = json["hall"]?.text, let date = json["date"]?.text,
            let capacity = json["capacity"]?.integer, let available = json["available"]?.integer,
            let status = json["status"]?.text.flatMap(ExhibitionStatus.init)
        else { return nil }
        self.id = id
        self.hall = hall
        self.date = date
        self.capacity = capacity
        self.available = available
        self.status = status
        title = json["title"]?.text
        startTime = json["startTime"]?.text
        endTime = json["endTime"]?.text
    }

    /// What visitors need to know of it. The raw value is what the markup says in `data-state`.
    enum State: String, CaseIterable {
        case open, soldOut = "sold-out", closed, over, deleted
    }

    /// - Parameter now: on the museum's clock.
    func state(at now: LocalDateTime) -> State {
        if status == .deleted { return .deleted }
        if isOver(at: now) { return .over }
        if status == .closed { return .closed }
        return available > 0 ? .open : .soldOut
    }

    /// Past its `endTime`, else past its date, as the API has it for bookings.
    private func isOver(at now: LocalDateTime) -> Bool {
        let lastDay = LocalDate.lastDay(date: date, startTime: startTime, endTime: endTime)
        if let endTime, lastDay == now.date { return endTime <= now.time }
        return lastDay < now.date
    }
}

/// A visitor's booking as the API shows it on `/myPages`, or on `/books` until its row is there.
struct Booking: Sendable {
    let id: String
    let museumId: String
    let visitor: String
    let seats: Int
    let status: BookingStatus
    let admission: AdmissionStatus?
    var title: String?
    var hall: String?
    var date: String?
    var startTime: String?
    var endTime: String?
    let updatedAt: String

    init?(_ json: JSON) {
        guard let id = json["bookId"]?.text ?? json["id"]?.text, let museumId = json["museumId"]?.text,
            let visitor = json["visitor"]?.text, let seats = json["seats"]?.integer,
            let status = json["status"]?.text.flatMap(BookingStatus.init), let updatedAt = json["updatedAt"]?.text
        else { return nil }
        self.id = id
        self.museumId = museumId
        self.visitor = visitor
        self.seats = seats
        self.status = status
        self.updatedAt = updatedAt
        admission = json["admission"]?.text.flatMap(AdmissionStatus.init)
        title = json["title"]?.text
        hall = json["hall"]?.text
        date = json["date"]?.text
        startTime = json["startTime"]?.text
        endTime = json["endTime"]?.text
    }

    /// Whether it holds seats, or is about to.
    var isLive: Bool { status == .requested || status == .completed }
}

/// Whose session a request has.
struct SignedIn: Sendable {
    let subject: String
    let role: AccessRole

    init?(_ json: JSON) {
        guard let subject = json["subject"]?.text, let role = json["role"]?.text.flatMap(AccessRole.init) else { return nil }
        self.subject = subject
        self.role = role
    }

    /// A guest's subject is a number that means nothing to people.
    var isGuest: Bool { role == .visitor && subject.hasPrefix("guest-") }
}

extension JSON {
    /// The members of a collection.
    func embedded(_ relation: String) -> [JSON] { self["_embedded"]?[relation]?.elements ?? [] }

    /// The cursor of the next page.
    var nextCursor: String? {
        guard let href = self["_links"]?["next"]?["href"]?.text else { return nil }
        return PageQuery(href.drop { $0 != "?" }.dropFirst())["cursor"]
    }
}
