public import NIOCore

/// Writes JSON straight into a buffer: no intermediate values, members in the order of the calls.
public struct JSONWriter: Sendable {
    public private(set) var buffer: ByteBuffer
    private var needsComma = false

    /// What has been written, as text.
    public var text: String { String(buffer: buffer) }

    public init(capacity: Int = 512) { buffer = ByteBufferAllocator().buffer(capacity: capacity) }

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
        buffer.writeStaticString(":")
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
        buffer.writeStaticString(":")
        needsComma = false
        value(text)
    }

    public mutating func member(_ name: StaticString, _ number: Int) {
        self.name(name)
        buffer.writeString(String(number))
        needsComma = true
    }

    public mutating func member(_ name: StaticString, _ flag: Bool) {
        self.name(name)
        buffer.writeString(flag ? "true" : "false")
        needsComma = true
    }

    /// A link object as HAL has it: `"self":{"href":"/books/a1-…"}`.
    public mutating func link(_ name: StaticString, _ href: String) {
        object(name) { $0.member("href", href) }
    }

    /// A string as an element of an array.
    public mutating func value(_ text: String) {
        comma()
        buffer.writeStaticString("\"")
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) {
            buffer.writeString(text)
        } else {
            for byte in text.utf8 { write(escaping: byte) }
        }
        buffer.writeStaticString("\"")
        needsComma = true
    }

    private mutating func write(escaping byte: UInt8) {
        switch byte {
        case 0x22: buffer.writeStaticString("\\\"")
        case 0x5C: buffer.writeStaticString("\\\\")
        case 0..<0x20:
            let hex = String(byte, radix: 16)
            buffer.writeString("\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
        default: buffer.writeInteger(byte)
        }
    }

    private mutating func name(_ name: StaticString) {
        comma()
        buffer.writeStaticString("\"")
        buffer.writeStaticString(name)
        buffer.writeStaticString("\":")
        needsComma = false
    }

    private mutating func enclosed(_ open: StaticString, _ close: StaticString, _ content: (inout JSONWriter) -> Void) {
        comma()
        buffer.writeStaticString(open)
        needsComma = false
        content(&self)
        buffer.writeStaticString(close)
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { buffer.writeStaticString(",") }
        needsComma = false
    }
}
