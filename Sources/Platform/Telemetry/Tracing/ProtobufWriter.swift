/// Writes a message in Protocol Buffers' wire format. A field that has its default value is left out, as proto3 has it.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    mutating func uint64(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        tag(field, .varint)
        varint(value)
    }

    mutating func fixed64(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        tag(field, .fixed64)
        littleEndian(value)
    }

    mutating func fixed32(_ field: Int, _ value: UInt32) {
        guard value != 0 else { return }
        tag(field, .fixed32)
        littleEndian(value)
    }

    mutating func string(_ field: Int, _ text: String) {
        if !text.isEmpty { delimited(field, text.utf8) }
    }

    /// The bytes of an id, most significant first.
    mutating func id(_ field: Int, _ id: some FixedWidthInteger) {
        withUnsafeBytes(of: id.bigEndian) { delimited(field, $0) }
    }

    /// A message within this one. It is written also if it is empty.
    mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        write(&inner)
        delimited(field, inner.bytes)
    }
}

/// The members of a oneof: written also where they have their default value.
extension ProtobufWriter {
    mutating func oneofString(_ field: Int, _ text: String) { delimited(field, text.utf8) }

    mutating func oneofBool(_ field: Int, _ value: Bool) {
        tag(field, .varint)
        varint(value ? 1 : 0)
    }

    mutating func oneofInt64(_ field: Int, _ value: Int64) {
        tag(field, .varint)
        varint(UInt64(bitPattern: value))
    }

    mutating func oneofDouble(_ field: Int, _ value: Double) {
        tag(field, .fixed64)
        littleEndian(value.bitPattern)
    }
}

extension ProtobufWriter {
    private mutating func tag(_ field: Int, _ type: WireType) { varint(UInt64(field) << 3 | type.rawValue) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func littleEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func delimited(_ field: Int, _ content: some Collection<UInt8>) {
        tag(field, .lengthDelimited)
        varint(UInt64(content.count))
        bytes.append(contentsOf: content)
    }
}
