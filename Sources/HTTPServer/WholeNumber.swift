/// JSON numbers whose value is whole, however they are written.
enum WholeNumber {
    /// The integer that the text stands for: 2 for `2`, `2.0`, `20e-1` and `0.2e1`; `nil` if the value is not whole or does
    /// not fit.
    /// - Parameter text: a number as RFC 8259 (6) has it.
    static func value(of text: String) -> Int? {
        if let plain = Int(text) { return plain }
        let isNegative = text.hasPrefix("-")
        let parts = text.drop { $0 == "-" }.split { $0 == "e" || $0 == "E" }
        guard let mantissa = parts.first?.split(separator: "."), let whole = mantissa.first else { return nil }
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        let digits = (whole + fraction).utf8.drop { $0 == zero }
        // Zero stays zero with any exponent.
        guard let last = digits.lastIndex(where: { $0 != zero }) else { return 0 }
        let significant = digits[...last]
        let exponent = parts.count > 1 ? bounded(exponent: parts[1]) : 0
        let zeros = exponent - fraction.utf8.count + (digits.count - significant.count)
        guard zeros >= 0, significant.count + zeros <= mostDigits else { return nil }
        return Int((isNegative ? "-" : "") + String(Substring(significant)) + String(repeating: "0", count: zeros))
    }

    private static let zero = UInt8(ascii: "0")
    /// Of the largest `Int`.
    private static let mostDigits = 19

    /// Far beyond any text's length, and far from an overflow.
    private static let exponentLimit = 1 << 40

    private static func bounded(exponent text: Substring) -> Int {
        guard let exponent = Int(text) else { return text.hasPrefix("-") ? -exponentLimit : exponentLimit }
        return min(max(exponent, -exponentLimit), exponentLimit)
    }
}
