import Contracts

extension LocalDate {
    /// The last day of an exhibition; `nil` if its date is not a day.
    /// - Parameter exhibition: the fields of its hash.
    static func lastDay(of exhibition: [String: String]) -> String? {
        guard let date = exhibition["date"], ISO8601.isDate(date) else { return nil }
        return lastDay(date: date, startTime: exhibition["startTime"], endTime: exhibition["endTime"])
    }
}
