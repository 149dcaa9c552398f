/// Durations as people write them: `500ms`, `10s`, `2m`, `1h`, `7d`.
public enum DurationText {
    /// `nil` where the text is none; at most nine digits.
    public static func parse(_ text: String) -> Duration? {
        let digits = text.prefix(while: \.isNumber)
        guard let number = Int(digits), digits.count <= 9 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        case "d": return .seconds(number * 86_400)
        default: return nil
        }
    }
}
