/// The slot of a key in Redis Cluster: CRC-16 (XMODEM) of the hash tag, or of the whole key without one, modulo 16,384.
///
/// Source: the Redis cluster specification, "Key distribution model" and "Hash tags".
enum HashSlot {
    static let count = 16_384

    static func of(_ key: String) -> Int { Int(crc16(tag(of: key))) % count }

    /// What is between the first `{` and the first `}` behind it; the whole key where that is nothing.
    static func tag(of key: String) -> Substring.UTF8View {
        let bytes = key.utf8
        guard let open = bytes.firstIndex(of: UInt8(ascii: "{")) else { return key[...].utf8 }
        let start = bytes.index(after: open)
        guard let close = bytes[start...].firstIndex(of: UInt8(ascii: "}")), close > start else { return key[...].utf8 }
        return key[start..<close].utf8
    }

    private static func crc16(_ bytes: Substring.UTF8View) -> UInt16 {
        bytes.reduce(0) { crc, byte in (crc << 8) ^ table[Int(UInt8(truncatingIfNeeded: crc >> 8) ^ byte)] }
    }

    private static let table: [UInt16] = (0..<256).map { index in
        (0..<8).reduce(UInt16(index) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : (crc << 1) ^ 0x1021 }
    }
}
