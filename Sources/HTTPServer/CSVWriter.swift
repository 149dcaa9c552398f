public import NIOCore

/// Writes rows as CSV (RFC 4180) in UTF-8, with CRLF at the end of each.
///
/// A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and may run it. Such a cell gets a `'` in front,
/// so that it is shown as text.
public struct CSVWriter: Sendable {
    /// In front of the first row: without it some spreadsheets read the rest in another encoding.
    public static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let isForSpreadsheets: Bool
    private var bytes: [UInt8] = []

    /// - Parameter isForSpreadsheets: whether cells that look like formulas are changed.
    public init(isForSpreadsheets: Bool = true) { self.isForSpreadsheets = isForSpreadsheets }

    public mutating func writeByteOrderMark() { bytes += Self.byteOrderMark }

    /// - Parameter cells: at least one.
    public mutating func write(_ cells: some Sequence<String>) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(cell: cell)
        }
        bytes += "\r\n".utf8
    }

    /// What has been written since the last call.
    public mutating func take() -> ByteBuffer {
        defer { bytes.removeAll(keepingCapacity: true) }
        return ByteBuffer(bytes: bytes)
    }

    private mutating func write(cell: String) {
        let quote = UInt8(ascii: "\"")
        let prefix = isForSpreadsheets && Self.looksLikeFormula(cell) ? "'" : ""
        guard cell.utf8.contains(where: { $0 == quote || $0 == UInt8(ascii: ",") || $0 == 0x0D || $0 == 0x0A }) else {
            bytes += prefix.utf8
            bytes += cell.utf8
            return
        }
        bytes.append(quote)
        bytes += prefix.utf8
        for byte in cell.utf8 {
            if byte == quote { bytes.append(quote) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }

    private static func looksLikeFormula(_ cell: String) -> Bool { cell.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false }
}
