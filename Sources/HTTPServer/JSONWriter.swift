public import NIOCore

/// Writes JSON: no intermediate values, members in the order of the calls.
public struct JSONWriter: Sendable {
    /// A `ByteBuffer` takes five times as long for each of the many small pieces.
    private var bytes: [UInt8] = []
    private var needsComma = false

    /// What has been written.
    public var buffer: ByteBuffer { ByteBuffer(bytes: bytes) }

    /// What has been written, as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    public mutating func object(_ members: (inout JSONWriter) -> Void) { enclosed("{", "}", members) }

    public mutating func array<Elements: Sequence>(
        _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        enclosed("[", "]") { writer in
            for element in elements { write(&writer, element) }
        }
    }

    public mutating func object(_ name: StaticString, _ members: (inout JSONWriter) -> Void) {
        self.name(name)
        object(members)
    }

    public mutating func array<Elements: Sequence>(
        _ name: String, _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        value(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
        array(elements, write)
    }

    public mutating func member(_ name: StaticString, _ text: String) {
        self.name(name)
        value(text)
    }

    /// An array of objects.
    public mutating func objects<Elements: Sequence>(
        _ name: String, _ elements: Elements, _ members: (inout JSONWriter, Elements.Element) -> Void
    ) {
        array(name, elements) { writer, element in writer.object { members(&$0, element) } }
    }

    /// Writes nothing if the value is `nil`.
    public mutating func member(_ name: StaticString, _ text: String?) {
        if let text { member(name, text) }
    }

    /// Numbers, each under its name.
    public mutating func members(_ numbers: KeyValuePairs<StaticString, Int>) {
        for (name, number) in numbers { member(name, number) }
    }

    /// A member whose name is not known when the program is built.
    public mutating func member(named name: String, _ text: String) {
        value(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
        value(text)
    }

    public mutating func member(_ name: StaticString, _ number: Int) {
        self.name(name)
        bytes += String(number).utf8
        needsComma = true
    }

    public mutating func member(_ name: StaticString, _ flag: Bool) {
        self.name(name)
        append(flag ? "true" : "false")
        needsComma = true
    }

    /// A link object as HAL has it: `"self":{"href":"/books/a1-…"}`.
    public mutating func link(_ name: StaticString, _ href: String) {
        object(name) { $0.member("href", href) }
    }

    /// A string as an element of an array.
    public mutating func value(_ text: String) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { characters in
            if characters.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) {
                bytes += characters
            } else {
                for byte in characters { write(escaping: byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    private mutating func write(escaping byte: UInt8) {
        switch byte {
        case 0x22: append("\\\"")
        case 0x5C: append("\\\\")
        case 0..<0x20:
            let hex = String(byte, radix: 16)
            append("\\u00")
            if hex.utf8.count == 1 { append("0") }
            bytes += hex.utf8
        default: bytes.append(byte)
        }
    }

    private mutating func name(_ name: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        append(name)
        append("\":")
        needsComma = false
    }

    private mutating func enclosed(_ open: StaticString, _ close: StaticString, _ content: (inout JSONWriter) -> Void) {
        comma()
        append(open)
        needsComma = false
        content(&self)
        append(close)
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes += $0 }
    }
}
