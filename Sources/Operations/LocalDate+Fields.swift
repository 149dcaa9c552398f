import Contracts

extension LocalDate {
    /// The last day of an exhibition as its hash tells it; `nil` where its date is none.
    static func lastDay(of exhibition: [String: String]) -> String? {
        guard let date = exhibition["date"], ISO8601.isDate(date) else { return nil }
        return lastDay(date: date, startTime: exhibition["startTime"], endTime: exhibition["endTime"])
    }
}
