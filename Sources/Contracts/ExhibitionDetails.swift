/// What is shown, where and when.
public struct ExhibitionDetails: Sendable, Equatable {
    public let title: String?
    public let hall: String
    /// `YYYY-MM-DD`, the museum's own day.
    public let date: String
    /// `HH:MM`, the museum's own time.
    public let startTime: String?
    /// At or before ``startTime`` it means the next day.
    public let endTime: String?

    public init(title: String?, hall: String, date: String, startTime: String?, endTime: String?) {
        self.title = title
        self.hall = hall
        self.date = date
        self.startTime = startTime
        self.endTime = endTime
    }
}

extension ExhibitionDetails {
    /// Reads them field by field; `nil` if the hall or the date is missing.
    public init?(field: (String) -> String?) {
        guard let hall = field("hall"), let date = field("date") else { return nil }
        self.init(title: field("title"), hall: hall, date: date, startTime: field("startTime"), endTime: field("endTime"))
    }
}
