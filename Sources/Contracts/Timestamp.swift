/// Moments as text (ISO 8601).
public enum Timestamp {
    /// In UTC with milliseconds, as in `2026-12-24T14:00:00.000Z`: the nearest moment that a year of four digits has.
    public static func text(_ moment: UnixMilliseconds) -> String {
        let moment = min(max(moment, -62_167_219_200_000), 253_402_300_799_999)
        let dayLength = 86_400_000
        var days = Int(moment) / dayLength
        if Int(moment) < days * dayLength { days -= 1 }
        let rest = Int(moment) - days * dayLength
        return DigitWriter.text(capacity: 24) { writer in
            writer.write(dateOf: days)
            writer.write("T")
            writer.write(rest / 3_600_000, width: 2)
            writer.write(":")
            writer.write(rest / 60_000 % 60, width: 2)
            writer.write(":")
            writer.write(rest / 1000 % 60, width: 2)
            writer.write(".")
            writer.write(rest % 1000, width: 3)
            writer.write("Z")
        }
    }
}
