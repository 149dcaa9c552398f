import Foundation

/// Text that people type: normalised, trimmed, and readable as it stands.
public enum InputText {
    /// The text in NFC without surrounding white space, or `nil` if it holds control characters, changes the order of what
    /// follows it, shows nothing, or has another number of Unicode scalars than allowed.
    public static func clean(_ raw: String, length: ClosedRange<Int>) -> String? {
        guard let text = normalized(raw) else { return nil }
        // What is left of ASCII has a character that is no space, and so is visible.
        if isASCII(text) { return length.contains(text.utf8.count) ? text : nil }
        guard length.contains(text.unicodeScalars.count),
            !text.unicodeScalars.contains(where: \.reordersText), text.unicodeScalars.contains(where: \.isVisible)
        else { return nil }
        return text
    }

    /// The text in NFC without surrounding white space, or `nil` if nothing is left or it holds control characters: what any
    /// stored text has been through, also that of versions which took more than ``clean(_:length:)`` does.
    public static func normalized(_ raw: String) -> String? {
        if isASCII(raw) { return trimmed(raw) }
        guard raw.unicodeScalars.allSatisfy({ !$0.isControl }) else { return nil }
        let scalars = raw.precomposedStringWithCanonicalMapping.unicodeScalars
        let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        guard let first = scalars.firstIndex(where: { !isSpace($0) }), let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return nil }
        return String(scalars[first...last])
    }

    private static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    /// ASCII without spaces around it. Of its white space, all but the space are control characters.
    private static func trimmed(_ text: String) -> String? {
        let bytes = text.utf8
        let space = UInt8(ascii: " ")
        guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }), let first = bytes.firstIndex(where: { $0 != space }),
            let last = bytes.lastIndex(where: { $0 != space })
        else { return nil }
        return String(text[first...last])
    }

    /// What to say of text that ``clean(_:length:)`` refuses.
    public static func requirement(length: ClosedRange<Int>) -> String {
        "must have \(length.lowerBound) to \(length.upperBound) characters, one of them visible, "
            + "and no control characters or bidirectional overrides"
    }

    /// One to nine digits as a number; `nil` for anything else.
    public static func digits(_ text: String) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }
}

extension Unicode.Scalar {
    /// One of Unicode's C0 and C1 controls.
    fileprivate var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }

    /// Bidirectional embeddings, overrides and isolates, and what ends them: they work on the text behind them, too. The marks
    /// U+200E, U+200F and U+061C work only where they stand, and Arabic and Hebrew need them.
    fileprivate var reordersText: Bool { (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value) }

    /// Whether it shows something, alone or with a neighbour. Fillers, joiners, variation selectors and the like show nothing
    /// ("default ignorable" in Unicode). Private use and what is not assigned yet count as visible: fonts have Hangul there.
    fileprivate var isVisible: Bool {
        if isASCII { return (0x21...0x7E).contains(value) }
        guard !properties.isWhitespace, !properties.isDefaultIgnorableCodePoint, properties.generalCategory != .format,
            !properties.isNoncharacterCodePoint
        else { return false }
        return !Self.blanks.contains(self)
    }

    /// Braille blank, Khitan filler, musical null notehead: Unicode has no property for them.
    private static let blanks: Set<Unicode.Scalar> = ["\u{2800}", "\u{16FE4}", "\u{1D159}"]
}
