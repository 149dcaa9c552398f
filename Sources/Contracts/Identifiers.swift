/// An exhibition's id: its partition (lower-case letters) and its number there, as in `a1`.
public struct ExhibitionID: Sendable, Hashable {
    public let text: String
    public let partition: String

    /// Reads an id; `nil` for whatever is none, so that no foreign text ever becomes part of a key.
    public init?(_ text: String) {
        let letters = text.utf8.prefix { Self.isLetter($0) }
        let digits = text.utf8.dropFirst(letters.count)
        guard (1...3).contains(letters.count), (1...15).contains(digits.count), digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.text = text
        self.partition = String(Substring(letters))
    }

    public init(partition: String, number: Int) {
        self.text = partition + String(number)
        self.partition = partition
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
}

/// A booking's id: its exhibition's, and 12 characters (60 bits) of lower-case Crockford base32, as in `a1-7q2k9fx03mzr`.
public struct BookingID: Sendable, Hashable {
    public let text: String
    public let exhibition: ExhibitionID

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    private static let suffixLength = 12

    /// Reads an id; `nil` for whatever is none.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard let dash = bytes.firstIndex(of: UInt8(ascii: "-")), let exhibition = ExhibitionID(String(text[..<dash])) else {
            return nil
        }
        let suffix = bytes[dash...].dropFirst()
        guard suffix.count == Self.suffixLength, suffix.allSatisfy(Self.isDigit) else { return nil }
        self.text = text
        self.exhibition = exhibition
    }

    /// The id that the lowest 60 of `bits` name.
    public init(exhibition: ExhibitionID, bits: UInt64) {
        let suffix = String(unsafeUninitializedCapacity: Self.suffixLength) { bytes in
            for place in 0..<Self.suffixLength {
                bytes[place] = Self.alphabet[Int(bits >> (5 * UInt64(Self.suffixLength - 1 - place)) & 31)]
            }
            return Self.suffixLength
        }
        self.text = exhibition.text + "-" + suffix
        self.exhibition = exhibition
    }

    /// Whether it is of the alphabet, which leaves out i, l, o and u.
    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "i"), UInt8(ascii: "l"), UInt8(ascii: "o"), UInt8(ascii: "u"): false
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }

    public var partition: String { exhibition.partition }
}

/// The names of partitions in order: `a` … `z`, `aa`, `ab` …
public enum Partition {
    /// - Parameter index: 0 to 18,277 (`a` to `zzz`).
    public static func name(at index: Int) -> String {
        var rest = index
        var name = ""
        repeat {
            name = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(rest % 26))) + name
            rest = rest / 26 - 1
        } while rest >= 0
        return name
    }
}
