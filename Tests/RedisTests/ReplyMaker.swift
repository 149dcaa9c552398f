import Redis
import TestSupport

/// Replies by chance, and what a server may send for them.
struct ReplyMaker {
    var seed: SeededRandom

    private static let texts = [
        "", "OK", "a1-7q2k9fx03mzr", "RESERVED", "한", "*1", "$-1", "달 항아리", "1795409755506-0", "\r\n", "x\r\n:1\r\n",
    ]

    /// - Parameter depth: how deep arrays may still be nested.
    mutating func reply(depth: Int = 6) -> Reply {
        switch seed.below(depth > 0 ? 9 : 6) {
        case 0: return .integer(Int64(bitPattern: seed.next()) >> Int64(seed.below(64)))
        case 1: return .null
        case 2: return .bytes([0xFF, UInt8(seed.below(256)), 0x0D, 0x0A])
        case 3, 4, 5: return .text(Self.texts[seed.below(Self.texts.count)])
        case 6: return .array([])
        default: return .array((0..<1 + seed.below(4)).map { _ in reply(depth: depth - 1 - seed.below(2)) })
        }
    }

    mutating func encode(_ reply: Reply, into bytes: inout [UInt8]) {
        switch reply {
        case .text(let text):
            if seed.once(in: 3), !text.contains(where: \.isNewline) {
                bytes += "+\(text)\r\n".utf8
            } else {
                bytes += "$\(text.utf8.count)\r\n\(text)\r\n".utf8
            }
        case .bytes(let content):
            bytes += "$\(content.count)\r\n".utf8
            bytes += content
            bytes += [0x0D, 0x0A]
        case .integer(let value): bytes += ":\(value)\r\n".utf8
        case .null: bytes += seed.once(in: 2) ? "$-1\r\n".utf8 : "*-1\r\n".utf8
        case .error(let message): bytes += "-\(message)\r\n".utf8
        case .array(let elements):
            bytes += "*\(elements.count)\r\n".utf8
            for element in elements { encode(element, into: &bytes) }
        }
    }

    /// The bytes in pieces, as a network may cut them; not so many that it takes long.
    mutating func pieces(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        let longest = max([1, 3, 17, 4096, 70_000][seed.below(5)], bytes.count / 250)
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            pieces.append(rest.prefix(1 + seed.below(longest)))
            rest = rest.dropFirst(pieces.last!.count)
        }
        return pieces
    }

    /// Does something to the bytes that a broken server, proxy or cable might.
    /// - Returns: how many at the beginning are as they were.
    mutating func spoil(_ bytes: inout [UInt8]) -> Int {
        let place = seed.below(bytes.count)
        switch seed.below(8) {
        case 0: bytes[place] ^= 1 << UInt8(seed.below(8))
        case 1: bytes.insert(UInt8(seed.below(256)), at: place)
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + seed.below(8)))
        case 3: bytes.replaceSubrange(place..., with: (0..<seed.below(64)).map { _ in UInt8(seed.below(256)) })
        case 4:
            bytes.replaceSubrange(
                place..., with: (0..<1 + seed.below(20)).flatMap { _ in Array("*\(1 + seed.below(3))\r\n".utf8) })
        case 5:
            // Bytes that mean something, in no order.
            let marks = Array("*$:+-\r\n0129".utf8)
            bytes.replaceSubrange(place..., with: (0..<seed.below(64)).map { _ in marks[seed.below(marks.count)] })
        default: return spoilLength(&bytes, from: place)
        }
        return place
    }

    private static let lengths = [
        "-1", "-2", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "18446744073709551615",
        "99999999999999999999", "2147483647", "2147483648", "4294967295", "4294967297", "4194305", "536870911", "536870912",
        "1152921504606846976", "2305843009213693952", "100000", "", "+1", "01", "1 ", "0x10", "1e3",
    ]

    private mutating func spoilLength(_ bytes: inout [UInt8], from start: Int) -> Int {
        guard let mark = bytes[start...].firstIndex(where: { $0 == 0x2A || $0 == 0x24 || $0 == 0x3A }) else {
            bytes[start] = 0
            return start
        }
        let end = bytes[mark...].firstIndex(of: 0x0D) ?? bytes.endIndex
        bytes.replaceSubrange(mark + 1..<end, with: Self.lengths[seed.below(Self.lengths.count)].utf8)
        return mark + 1
    }
}
