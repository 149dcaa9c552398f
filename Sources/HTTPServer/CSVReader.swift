import NIOCore

/// Reads the rows of a CSV document one by one (RFC 4180). Rows end with CRLF or LF. A byte order mark in front is passed over.
public struct CSVReader: Sendable {
    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let carriageReturn: UInt8 = 0x0D
    private static let lineFeed: UInt8 = 0x0A
    /// Most cells of a row, so that a body of commas does not become a million texts.
    private static let cellsLimit = 100

    private let bytes: [UInt8]
    private var place: Int
    /// The number of the row that was read last, as spreadsheets count: 1 for the first, empty rows included.
    public private(set) var row = 0

    public init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
        place = self.bytes.starts(with: CSVWriter.byteOrderMark) ? CSVWriter.byteOrderMark.count : 0
    }

    /// Reads a request's body.
    public init(body request: CollectedRequest) { self.init(request.body.readableBytesView) }

    /// The cells of the next row, at least one; `nil` at the end. An empty line is a row with one empty cell.
    /// - Throws: ``RequestError/malformedCSV(_:row:)``, also for invalid UTF-8.
    public mutating func next() throws(RequestError) -> [String]? {
        guard place < bytes.count else { return nil }
        row += 1
        var cells: [String] = []
        while true {
            guard cells.count < Self.cellsLimit else { throw malformed("there are more than \(Self.cellsLimit) cells") }
            cells.append(try cell())
            guard byte == Self.comma else { break }
            place += 1
        }
        try endRow()
        return cells
    }

    private var byte: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func malformed(_ what: String) -> RequestError { .malformedCSV(what, row: row) }

    private mutating func cell() throws(RequestError) -> String {
        if byte == Self.quote { return try quotedCell() }
        let start = place
        while let byte, byte != Self.comma, byte != Self.lineFeed, byte != Self.carriageReturn {
            guard byte != Self.quote else { throw malformed("a quotation mark is in a cell that does not begin with one") }
            place += 1
        }
        return try text(bytes[start..<place])
    }

    /// The content of a cell in quotes; two quotes in it are one.
    private mutating func quotedCell() throws(RequestError) -> String {
        var content: [UInt8] = []
        place += 1
        while let byte {
            place += 1
            guard byte == Self.quote else {
                content.append(byte)
                continue
            }
            if self.byte == Self.quote {
                place += 1
                content.append(Self.quote)
                continue
            }
            guard [nil, Self.comma, Self.lineFeed, Self.carriageReturn].contains(self.byte) else {
                throw malformed("something follows the closing quotation mark of a cell")
            }
            return try text(content[...])
        }
        throw malformed("a quotation mark is not closed")
    }

    private mutating func endRow() throws(RequestError) {
        if byte == Self.carriageReturn {
            place += 1
            guard byte == Self.lineFeed else { throw malformed("a carriage return is not followed by a line feed") }
        }
        if byte != nil { place += 1 }
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(RequestError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed("it is not valid UTF-8") }
        return text
    }
}
