import Contracts

/// Fields of events and records as a person reads them.
package enum ReadableFields {
    /// The last millisecond of the year 9999.
    private static let lastMoment: UnixMilliseconds = 253_402_300_799_999

    /// A moment as ISO 8601 instead of milliseconds; any other value short, on one line.
    package static func value(_ value: String, of name: String) -> String {
        guard name == "timestamp" || name.hasSuffix("At"), let moment = UnixMilliseconds(value), (0...lastMoment).contains(moment)
        else { return value.asWord }
        return Timestamp.text(moment)
    }

    /// `name=value name=value`.
    package static func line(_ fields: [(name: String, value: String)]) -> String {
        fields.map { "\($0.name.asWord)=\(value($0.value, of: $0.name))" }.joined(separator: " ")
    }
}
