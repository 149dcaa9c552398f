import Contracts
import HTTPTypes

/// Which bodies are read: JSON, or where the route takes it CSV; in UTF-8, as it is.
enum RequestContent {
    static let mediaTypes = ["application/json", "application/merge-patch+json", "application/hal+json"]

    static let form = "application/x-www-form-urlencoded"

    /// - Parameters:
    ///   - takesCSV: whether the route takes CSV, too.
    ///   - isForm: whether the route takes a page's form, and nothing else.
    static func check(_ headers: HTTPFields, takesCSV: Bool = false, isForm: Bool = false) throws(RequestError) {
        if let codings = headers[.contentEncoding] {
            let names = codings.split(separator: ",").map { $0.trimmingSpaces().lowercased() }
            guard names.allSatisfy({ $0.isEmpty || $0 == "identity" }) else { throw .unsupportedContentCoding }
        }
        // Several lines are joined by commas, and no media type has one.
        let text = headers[.contentType] ?? ""
        if text == ContentNegotiation.json, !isForm { return }
        let type = MediaType(text[...])
        if isForm {
            guard type?.name == form else { throw .noForm }
        } else if let name = type?.name, mediaTypes.contains(name) || takesCSV && name == ContentNegotiation.csv {
        } else {
            throw takesCSV ? .neitherJSONNorCSV : .unsupportedMediaType
        }
        guard let type else { return }
        for parameter in type.parameters where parameter.name == "charset" {
            // `utf8` is how many spell it, and it can mean nothing else.
            guard ["utf-8", "utf8"].contains(parameter.value.lowercased()) else { throw .unsupportedCharset }
        }
    }

    static func isCSV(_ headers: HTTPFields) -> Bool {
        guard let text = headers[.contentType], text != ContentNegotiation.json else { return false }
        return MediaType(text[...])?.name == ContentNegotiation.csv
    }
}
