/// A request's target, path and query, in ASCII.
enum RequestTarget {
    /// The target with its query percent-encoded as RFC 3986 (3.4) has it, so that whoever reads it next takes it
    /// as it is. What is encoded already stays.
    static func normalized(_ target: Substring) -> String {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return String(target) }
        let query = target.utf8[target.utf8.index(after: mark)...]
        guard !query.allSatisfy({ isQuery($0) && $0 != percent }) else { return String(target) }
        var bytes = Array(target.utf8[...mark])
        var rest = query
        while let byte = rest.popFirst() {
            if byte == percent {
                bytes.append(percent)
                // A `%` that encodes nothing becomes the byte FF, which is in no UTF-8 text: decoding the query fails
                // everywhere.
                if !(rest.count >= 2 && rest.prefix(2).allSatisfy(isHexDigit)) { bytes += "FF".utf8 }
            } else if isQuery(byte) {
                bytes.append(byte)
            } else {
                bytes += "%".utf8
                bytes += String(byte, radix: 16, uppercase: true).utf8
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let percent = UInt8(ascii: "%")

    private static func isQuery(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) && !"\"#<>[\\]^`{|}".utf8.contains(byte) }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "a")...UInt8(ascii: "f"):
            true
        default: false
        }
    }
}
