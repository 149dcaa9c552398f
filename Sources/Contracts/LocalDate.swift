/// Days as `YYYY-MM-DD`. Two such texts compare as the days do.
public enum LocalDate {
    /// The last day of an exhibition: an end at or before the start is on the next day.
    /// - Parameter date: a real day.
    public static func lastDay(date: String, startTime: String?, endTime: String?) -> String {
        guard let startTime, let endTime, endTime <= startTime else { return date }
        return next(date)
    }

    /// The day after a real day.
    public static func next(_ date: String) -> String {
        let parts = date.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return date }
        let candidates = [text(parts[0], parts[1], parts[2] + 1), text(parts[0], parts[1] + 1, 1), text(parts[0] + 1, 1, 1)]
        return candidates.first(where: ISO8601.isDate) ?? date
    }

    /// The day before a real day.
    public static func previous(_ date: String) -> String {
        let parts = date.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return date }
        let (year, month, day) = (parts[0], parts[1], parts[2])
        let candidates =
            [text(year, month, day - 1)] + (28...31).reversed().map { text(year, month - 1, $0) } + [text(year - 1, 12, 31)]
        return candidates.first(where: ISO8601.isDate) ?? date
    }

    /// The day that many days after 1970-01-01.
    static func text(daysSince1970 days: Int) -> String {
        DigitWriter.text(capacity: 10) { $0.write(dateOf: days) }
    }

    /// Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
    fileprivate static func parts(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private static func text(_ year: Int, _ month: Int, _ day: Int) -> String {
        "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))"
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension DigitWriter {
    /// Writes a day as `YYYY-MM-DD`: the nearest that a year of four digits has.
    mutating func write(dateOf daysSince1970: Int) {
        let (year, month, day) = LocalDate.parts(daysSince1970: min(max(daysSince1970, -719_528), 2_932_896))
        write(year, width: 4)
        write("-")
        write(month, width: 2)
        write("-")
        write(day, width: 2)
    }
}
