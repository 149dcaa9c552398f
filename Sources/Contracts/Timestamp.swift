/// Moments as text (ISO 8601).
public enum Timestamp {
    /// In UTC with milliseconds, as in `2026-12-24T14:00:00.000Z`.
    public static func text(_ moment: UnixMilliseconds) -> String {
        let days = Int((Double(moment) / 86_400_000).rounded(.down))
        let rest = Int(moment) - days * 86_400_000
        return LocalDate.text(daysSince1970: days) + "T"
            + "\(ISO8601.pad(rest / 3_600_000, 2)):\(ISO8601.pad(rest / 60_000 % 60, 2)):\(ISO8601.pad(rest / 1000 % 60, 2)).\(ISO8601.pad(rest % 1000, 3))Z"
    }
}
