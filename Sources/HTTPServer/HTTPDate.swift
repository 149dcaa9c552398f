import Foundation

/// The `Date` of responses (RFC 9110, 6.6.1). Its text is made once a second.
final class HTTPDate {
    private var second = 0
    private var current = ""

    func text() -> String {
        let now = time(nil)
        if now != second {
            second = now
            current = Self.text(of: now)
        }
        return current
    }

    /// - Parameter second: since 1970.
    static func text(of second: Int) -> String {
        var second = time_t(second)
        var parts = tm()
        gmtime_r(&second, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func digits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days[Int(parts.tm_wday)]), \(digits(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) "
            + "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec)) GMT"
    }
}
