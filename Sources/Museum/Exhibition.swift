import Contracts

/// An exhibition, or one time slot of it: what is shown where and when, and how many seats it has.
struct Exhibition: Sendable, Equatable {
    let id: ExhibitionID
    var plan: ExhibitionPlan
    var status: ExhibitionStatus
    let available: Int
    let held: Int
    /// Counts what staff change, not seats sold.
    let version: Int
}

/// What staff decide about an exhibition.
struct ExhibitionPlan: Sendable, Equatable {
    let details: ExhibitionDetails
    let capacity: Int

    static let capacityRange = 1...1_000_000
    static let textLength = 1...100
}

extension ExhibitionPlan {
    /// A plan as staff give it, checked.
    init(title: String?, hall: String, date: String, startTime: String?, endTime: String?, capacity: Int) throws(Failure) {
        guard ISO8601.isDate(date) else { throw .invalidField("date", "must be a real date, YYYY-MM-DD") }
        for (field, time) in [("startTime", startTime), ("endTime", endTime)] {
            guard time.map(ISO8601.isTimeOfDay) ?? true else { throw .invalidField(field, "must be a time of day, HH:MM") }
        }
        guard endTime == nil || startTime != nil else { throw .invalidField("endTime", "needs a startTime") }
        self.init(
            details: ExhibitionDetails(title: title, hall: hall, date: date, startTime: startTime, endTime: endTime),
            capacity: capacity)
    }
}

/// What staff want changed. A field that is `nil` stays; for a field that may be absent, `.some(nil)` clears it.
struct ExhibitionPatch: Sendable, Equatable {
    var title: String??
    var hall: String?
    var date: String?
    var startTime: String??
    var endTime: String??
    var capacity: Int?
    var status: ExhibitionStatus?
    /// The version that the change was decided on; `nil` for whichever is current.
    var version: Int?

    func applied(to plan: ExhibitionPlan) throws(Failure) -> ExhibitionPlan {
        let details = plan.details
        return try ExhibitionPlan(
            title: title ?? details.title, hall: hall ?? details.hall, date: date ?? details.date,
            startTime: startTime ?? details.startTime, endTime: endTime ?? details.endTime, capacity: capacity ?? plan.capacity)
    }
}
