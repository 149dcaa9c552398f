import Contracts
import HTTPTypes
import NIOCore

extension DocumentResponse {
    /// A list as CSV: all pages, one after another, as the client reads them.
    /// - Parameters:
    ///   - relation: the collection's; the file is named after it.
    ///   - page: reads a page.
    /// - Throws: what the first page throws. An error of a later one cuts the response off.
    static func csv<Resource: HALResource>(
        of relation: String, page: @escaping @Sendable (PageRequest) async throws -> Page<Resource>
    ) async throws -> DocumentResponse {
        let first = try await page(PageRequest(size: pageSize))
        let headers: HTTPFields = [
            .contentType: "\(ContentNegotiation.csv); charset=utf-8; header=present",
            .contentDisposition: "attachment; filename=\"\(relation).csv\"", .vary: "Accept",
        ]
        return DocumentResponse(status: .ok, headers: headers) { write in
            var writer = CSVWriter()
            writer.writeByteOrderMark()
            writer.write(Resource.csvColumns)
            var current = first
            while true {
                for resource in current.elements { writer.write(try resource.csvCells()) }
                try await write(writer.take())
                guard let next = current.next else { return }
                current = try await page(PageRequest(size: pageSize, position: next))
            }
        }
    }

    private static var pageSize: Int { 200 }
}

extension HALResource {
    /// A cell for each column: the JSON member of that name, or nothing where there is none.
    func csvCells() throws(RequestError) -> [String] {
        var writer = JSONWriter()
        writer.object { writeMembers(to: &$0) }
        let json = try JSON(parsing: writer.buffer.readableBytesView)
        return Self.csvColumns.map { name in
            switch json[name] {
            case .string(let text), .number(let text): text
            case .bool(let flag): String(flag)
            default: ""
            }
        }
    }
}
