import Contracts

/// Which exhibitions a purge removes.
package enum PurgePlan {
    /// Whether the exhibition ended before the day, or an earlier run has retired it. An end at or before the start is on the
    /// next day. An exhibition whose date can't be read is not included.
    /// - Parameter exhibition: the fields of its hash.
    package static func includes(_ exhibition: [String: String], before day: String) -> Bool {
        if exhibition["purging"] == "1" { return true }
        return LocalDate.lastDay(of: exhibition).map { $0 < day } ?? false
    }
}
