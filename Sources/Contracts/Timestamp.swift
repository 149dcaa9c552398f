/// Moments as text (ISO 8601).
public enum Timestamp {
    /// In UTC with milliseconds, as in `2026-12-24T14:00:00.000Z`.
    public static func text(_ moment: UnixMilliseconds) -> String {
        let dayLength = 86_400_000
        var days = Int(moment) / dayLength
        if Int(moment) < days * dayLength { days -= 1 }
        let rest = Int(moment) - days * dayLength
        var text: [UInt8] = []
        text.reserveCapacity(24)
        text.append(dateOf: days)
        text.append(UInt8(ascii: "T"))
        text.append(rest / 3_600_000, width: 2)
        text.append(UInt8(ascii: ":"))
        text.append(rest / 60_000 % 60, width: 2)
        text.append(UInt8(ascii: ":"))
        text.append(rest / 1000 % 60, width: 2)
        text.append(UInt8(ascii: "."))
        text.append(rest % 1000, width: 3)
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }
}
