/// A date and a time of day in the museum's time zone, to the minute.
public struct LocalDateTime: Sendable, Equatable {
    /// `YYYY-MM-DD`.
    public let date: String
    /// The day before ``date``.
    public let previousDate: String
    /// `HH:MM`.
    public let time: String

    /// - Parameter secondsFromGMT: the zone's offset at that moment.
    public init(_ moment: UnixMilliseconds, secondsFromGMT: Int) {
        let milliseconds = Int(moment) + secondsFromGMT * 1000
        let dayLength = 86_400_000
        var days = milliseconds / dayLength
        if milliseconds < days * dayLength { days -= 1 }
        let minutes = (milliseconds - days * dayLength) / 60_000
        date = LocalDate.text(daysSince1970: days)
        previousDate = LocalDate.text(daysSince1970: days - 1)
        time = DigitWriter.text(capacity: 5) { writer in
            writer.write(minutes / 60, width: 2)
            writer.write(":")
            writer.write(minutes % 60, width: 2)
        }
    }
}
