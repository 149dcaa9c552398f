import NIOCore
import TestSupport
import Testing

@testable import HTTPServer

/// CSV as RFC 4180 has it.
struct CSVTests {
    private func rows(_ bytes: some Sequence<UInt8>) throws(RequestError) -> [[String]] {
        var reader = CSVReader(bytes)
        var rows: [[String]] = []
        while let row = try reader.next() { rows.append(row) }
        return rows
    }

    private func text(_ rows: [[String]], isForSpreadsheets: Bool = true) -> String {
        var writer = CSVWriter(isForSpreadsheets: isForSpreadsheets)
        for row in rows { writer.write(row) }
        return String(buffer: writer.take())
    }

    @Test(arguments: [
        ("", []), ("a", [["a"]]), ("a\n", [["a"]]), ("a\r\n", [["a"]]), ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
        ("a,b\n1,2\r\n", [["a", "b"], ["1", "2"]]), ("\u{FEFF}a\n", [["a"]]), ("\u{FEFF}", []), (",", [["", ""]]), ("\n", [[""]]),
        ("a\n\nb", [["a"], [""], ["b"]]), ("\"a\"", [["a"]]), ("\"\"", [[""]]), ("\"a,b\",c", [["a,b", "c"]]),
        ("\"a\nb\"\r\nc", [["a\nb"], ["c"]]), ("\"a\r\nb\"", [["a\r\nb"]]), ("\"a\rb\"", [["a\rb"]]),
        ("\"a\"\"b\",\"\"\"\"", [["a\"b", "\""]]), (" a , b ", [[" a ", " b "]]), ("가람,달 항아리", [["가람", "달 항아리"]]),
        ("\"\u{FEFF}\"", [["\u{FEFF}"]]),
    ])
    func rowsAreRead(text: String, expected: [[String]]) throws { #expect(try rows(text.utf8) == expected) }

    @Test(arguments: [
        ("a\rb", 1), ("a\r", 1), ("a\n\"b", 2), ("a\n\"b\"\"", 2), ("\"a\"b", 1), ("a\"b", 1), ("a,\"b\" ,c", 1), ("a, \"b\"", 1),
        ("a\n\nb\"", 3), (String(repeating: ",", count: 100), 1),
    ])
    func malformedRowsAreNamed(text: String, row: Int) {
        #expect { try rows(text.utf8) } throws: { error in
            guard case RequestError.malformedCSV(_, row: let found) = error else { return false }
            return found == row
        }
    }

    @Test(arguments: [[0x61, 0xFF], [0x22, 0xC3, 0x22], [0xED, 0xA0, 0x80], [0xFE, 0xFF, 0x00, 0x61]] as [[UInt8]])
    func invalidUTF8IsRefused(bytes: [UInt8]) {
        #expect(throws: RequestError.malformedCSV("it is not valid UTF-8", row: 1)) { try rows(bytes) }
    }

    @Test func rowsAreCountedAsSpreadsheetsDo() throws {
        var reader = CSVReader("a\n\"b\nc\"\n\nd".utf8)
        var numbers: [Int] = []
        while try reader.next() != nil { numbers.append(reader.row) }
        #expect(numbers == [1, 2, 3, 4])
    }

    @Test func rowsAreWritten() {
        #expect(text([["a", "b c"], ["", "가"]]) == "a,b c\r\n,가\r\n")
        #expect(text([["a,b", "c\"d", "e\nf", "g\rh"]]) == "\"a,b\",\"c\"\"d\",\"e\nf\",\"g\rh\"\r\n")
        var writer = CSVWriter()
        writer.writeByteOrderMark()
        writer.write(["a"])
        #expect(Array(writer.take().readableBytesView) == [0xEF, 0xBB, 0xBF, 0x61, 0x0D, 0x0A])
        #expect(writer.take().readableBytes == 0)
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("+82 2", "'+82 2"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("=HYPERLINK(\"a\",\"b\")", "\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\""), ("\r=1", "\"'\r=1\""),
        ("a=1", "a=1"), ("'=1", "'=1"), ("1-1", "1-1"), (" =1", " =1"),
    ])
    func formulasAreMadeHarmless(cell: String, written: String) { #expect(text([[cell]]) == written + "\r\n") }

    /// Any rows that are written are read back the same; for spreadsheets, but for the `'` in front of formulas.
    @Test func whatIsWrittenIsReadBack() throws {
        let pieces = ["a", ",", "\"", "\r", "\n", "\r\n", "=", "+", "-", "@", "\t", "'", " ", "가", "\u{FEFF}", "👩‍🎨", "", "\0"]
        var random = SeededRandom(seed: 4180)
        for _ in 0..<2000 {
            let rows = (0..<random.below(5)).map { _ in
                (0...random.below(4)).map { _ in (0..<random.below(5)).map { _ in pieces[random.below(pieces.count)] }.joined() }
            }
            for isForSpreadsheets in [true, false] {
                let written = "\u{FEFF}" + text(rows, isForSpreadsheets: isForSpreadsheets)
                let expected = rows.map { row in
                    row.map { cell in
                        isForSpreadsheets && ["=", "+", "-", "@", "\t", "\r"].contains { cell.utf8.starts(with: $0.utf8) }
                            ? "'" + cell : cell
                    }
                }
                let read = try self.rows(written.utf8)
                // Swift's texts are equal where they only look the same.
                let bytes = { (rows: [[String]]) in rows.map { $0.map { Array($0.utf8) } } }
                #expect(bytes(read) == bytes(expected), "\(written.debugDescription)")
            }
        }
    }

    /// Any bytes are rows or malformed, and end.
    @Test func anyBytesAreRead() {
        var random = SeededRandom(seed: 4181)
        let bytes: [UInt8] = [0x61, 0x2C, 0x22, 0x0D, 0x0A, 0xEF, 0xBB, 0xBF, 0x00, 0xFF]
        for _ in 0..<5000 {
            let document = (0..<random.below(20)).map { _ in bytes[random.below(bytes.count)] }
            _ = try? rows(document)
        }
    }
}
