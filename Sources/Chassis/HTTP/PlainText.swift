import Foundation

/// Text that people type: normalised, trimmed, without control characters.
public enum PlainText {
    /// The text in NFC without surrounding white space, or `nil` if it holds control characters or
    /// has another number of Unicode scalars than allowed.
    public static func clean(_ raw: String, length: ClosedRange<Int>) -> String? {
        guard !raw.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return nil }
        let isASCII = raw.utf8.allSatisfy { $0 < 0x80 }
        let composed = isASCII ? raw : raw.precomposedStringWithCanonicalMapping
        let scalars = composed.unicodeScalars
        let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        guard let first = scalars.firstIndex(where: { !isSpace($0) }), let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return nil }
        let trimmed = String(scalars[first...last])
        return length.contains(trimmed.unicodeScalars.count) ? trimmed : nil
    }

    /// One to nine digits as a number; `nil` for anything else.
    public static func digits(_ text: String) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }
}
