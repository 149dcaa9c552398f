import Contracts

/// A JSON value as it was sent. Members keep their order and their duplicates, which Foundation's decoders drop unseen.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The number as written.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    public struct Member: Sendable, Equatable {
        public let name: String
        public let value: JSON

        public init(name: String, value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// Reads one value (RFC 8259). A byte order mark in front of it is passed over.
    /// - Throws: ``RequestError/malformedJSON(_:)``, also for invalid UTF-8 and for more than 16 levels.
    public init(parsing bytes: some Sequence<UInt8>) throws(RequestError) {
        var parser = JSONParser(bytes: Array(bytes))
        self = try parser.document()
    }

    public subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    public var text: String? { if case .string(let text) = self { text } else { nil } }
    /// The number, if its value is whole: `2.0` and `20e-1` are 2.
    public var integer: Int? { if case .number(let text) = self { WholeNumber.value(of: text) } else { nil } }
    public var elements: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
}

private struct JSONParser {
    let bytes: [UInt8]
    var place = 0

    static let depthLimit = 16

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(RequestError) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
        let value = try value(depth: 0)
        skipSpace()
        guard place == bytes.count else { throw malformed("something follows the value") }
        return value
    }

    private func malformed(_ what: String) -> RequestError { .malformedJSON("\(what), at byte \(place)") }

    private var byte: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func value(depth: Int) throws(RequestError) -> JSON {
        guard depth < Self.depthLimit else { throw malformed("nested too deeply") }
        skipSpace()
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case .some: return try number()
        case nil: throw malformed("a value is missing")
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSON) throws(RequestError) -> JSON {
        let end = place + word.utf8CodeUnitCount
        let isThere = word.withUTF8Buffer { end <= bytes.count && bytes[place..<end].elementsEqual($0) }
        guard isThere else { throw malformed("not a value") }
        place = end
        return value
    }

    private mutating func object(depth: Int) throws(RequestError) -> JSON {
        place += 1
        var members: [JSON.Member] = []
        skipSpace()
        if take("}") { return .object([]) }
        repeat {
            skipSpace()
            guard byte == UInt8(ascii: "\"") else { throw malformed("a name is missing") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw malformed("':' is missing") }
            members.append(JSON.Member(name: name, value: try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw malformed("'}' is missing") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(RequestError) -> JSON {
        place += 1
        var elements: [JSON] = []
        skipSpace()
        if take("]") { return .array([]) }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw malformed("']' is missing") }
        return .array(elements)
    }

    private mutating func number() throws(RequestError) -> JSON {
        let start = place
        _ = take("-")
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[place - whole] != UInt8(ascii: "0") else { throw malformed("not a value") }
        if take(".") { guard digits() > 0 else { throw malformed("not a number") } }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw malformed("not a number") }
        }
        return .number(String(decoding: bytes[start..<place], as: UTF8.self))
    }

    private mutating func digits() -> Int {
        let start = place
        while let byte, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        return place - start
    }

    private mutating func string() throws(RequestError) -> String {
        place += 1
        // Most strings have no escape: they are taken as they stand.
        let start = place
        while let byte, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { place += 1 }
        var text = bytes[start..<place]
        while let byte {
            place += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: text, as: UTF8.self) else { throw malformed("a string is not UTF-8") }
                return text
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw malformed("a control character in a string")
            default: text.append(byte)
            }
        }
        throw malformed("a string has no end")
    }

    private mutating func escape(into text: inout ArraySlice<UInt8>) throws(RequestError) {
        guard let byte else { throw malformed("a string has no end") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try codeUnit()
            if (0xD800..<0xDC00).contains(code), take("\\"), take("u") {
                let low = try codeUnit()
                guard (0xDC00..<0xE000).contains(low) else { throw malformed("half a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw malformed("half a surrogate pair") }
            text.append(contentsOf: UTF8.encode(scalar)!)
        default: throw malformed("an unknown escape")
        }
    }

    private mutating func codeUnit() throws(RequestError) -> UInt32 {
        let hex = bytes[place...].prefix(4)
        guard hex.count == 4, hex.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: hex, as: UTF8.self), radix: 16)
        else { throw malformed("four hexadecimal digits are due") }
        place += 4
        return code
    }
}
