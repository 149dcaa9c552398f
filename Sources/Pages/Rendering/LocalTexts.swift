import Contracts
import Foundation

/// Dates and times as a language writes them, in the museum's time zone.
struct LocalTexts: Sendable {
    let language: Language
    let timeZone: TimeZone

    /// Such as "Thursday 24 December 2026".
    /// - Parameter date: `YYYY-MM-DD`.
    func day(_ date: String) -> String {
        guard let noon = Self.moment(date, hour: 12, minute: 0) else { return date }
        return noon.formatted(
            Date.FormatStyle(date: .complete, time: .omitted, locale: language.locale, timeZone: .gmt))
    }

    /// Such as "14:00", or "14:00–15:30"; `nil` where there is no start.
    /// - Parameters: `HH:MM`.
    func time(from start: String?, to end: String?) -> String? {
        guard let start else { return nil }
        return [start, end].compactMap { $0.map(time) }.joined(separator: "–")
    }

    private func time(_ text: String) -> String {
        let parts = text.split(separator: ":").compactMap { Int($0) }
        // English times are written as the API writes them. Foundation's style for the locale leaves out leading zeros.
        guard language == .korean, parts.count == 2,
            let moment = Self.moment("2000-01-01", hour: parts[0], minute: parts[1])
        else { return text }
        return moment.formatted(Date.FormatStyle(date: .omitted, time: .shortened, locale: language.locale, timeZone: .gmt))
    }

    /// A moment of the API, such as `2026-12-24T05:00:00.000Z`, on the museum's clock.
    func moment(_ iso: String) -> String {
        guard let date = try? Date(iso, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true)) else {
            return iso
        }
        switch language {
        case .korean:
            return date.formatted(
                Date.FormatStyle(date: .abbreviated, time: .standard, locale: language.locale, timeZone: timeZone))
        case .english:
            let day = date.formatted(
                Date.FormatStyle(date: .abbreviated, time: .omitted, locale: language.locale, timeZone: timeZone))
            let time = date.formatted(
                Date.VerbatimFormatStyle(
                    format:
                        "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
                    locale: language.locale, timeZone: timeZone, calendar: Calendar(identifier: .gregorian)))
            return day + ", " + time
        }
    }

    private static func moment(_ date: String, hour: Int, minute: Int) -> Date? {
        let parts = date.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar.date(
            from: DateComponents(year: parts[0], month: parts[1], day: parts[2], hour: hour, minute: minute))
    }
}
