/// Rows of text in aligned columns, two spaces apart; the last column is as long as it is.
///
/// Columns are as wide as the widest of the rows that are aligned together, and never become narrower.
struct TextTable {
    private var rows: [[String]] = []
    private var widths: [Int] = []

    /// How many rows are aligned together at most.
    private static let rowsAtOnce = 200

    /// - Returns: the lines that are complete; none until enough rows are there.
    mutating func add(_ row: [String]) -> [String] {
        rows.append(row)
        return rows.count < Self.rowsAtOnce ? [] : finish()
    }

    /// - Returns: the lines of the rows that are left.
    mutating func finish() -> [String] {
        for row in rows {
            for (column, cell) in row.dropLast().enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], Self.width(of: cell))
            }
        }
        defer { rows = [] }
        return rows.map { row in
            let aligned = row.dropLast().enumerated().map { column, cell in
                cell + String(repeating: " ", count: widths[column] - Self.width(of: cell))
            }
            return (aligned + row.suffix(1)).joined(separator: "  ")
        }
    }

    static func lines(_ rows: [[String]]) -> [String] {
        var table = TextTable()
        return rows.flatMap { table.add($0) } + table.finish()
    }

    /// How many columns of a terminal the text takes: Hangul and Han characters take two.
    static func width(of text: String) -> Int {
        text.reduce(0) { width, character in width + (isWide(character.unicodeScalars.first!) ? 2 : 1) }
    }

    /// The wide blocks of Unicode's EastAsianWidth.txt, without the rare ones.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
