import Contracts
import Foundation

/// Days as `YYYY-MM-DD`, in the museum's own calendar.
enum MuseumDays {
    static func today(in zone: TimeZone, at moment: Date = Date()) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let parts = calendar.dateComponents([.year, .month, .day], from: moment)
        return text(parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
    }

    /// The day on which an exhibition ends: an end at or before the start is the next day's.
    static func end(of exhibition: [String: String]) -> String? {
        guard let date = exhibition["date"], Calendars.isDate(date) else { return nil }
        guard let start = exhibition["startTime"], let end = exhibition["endTime"], end <= start else { return date }
        return next(date)
    }

    /// The day before.
    static func previous(_ date: String) -> String {
        let parts = date.split(separator: "-").compactMap { Int($0) }
        let (year, month, day) = (parts[0], parts[1], parts[2])
        let candidates =
            [text(year, month, day - 1)] + (28...31).reversed().map { text(year, month - 1, $0) } + [text(year - 1, 12, 31)]
        return candidates.first(where: Calendars.isDate) ?? date
    }

    private static func next(_ date: String) -> String {
        let parts = date.split(separator: "-").compactMap { Int($0) }
        let candidates = [text(parts[0], parts[1], parts[2] + 1), text(parts[0], parts[1] + 1, 1), text(parts[0] + 1, 1, 1)]
        return candidates.first(where: Calendars.isDate) ?? date
    }

    private static func text(_ year: Int, _ month: Int, _ day: Int) -> String {
        func pad(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))"
    }
}
