import Contracts
import NIOCore

/// The fields of a page's form (`application/x-www-form-urlencoded`). Empty fields count as not sent: a browser sends every field.
public struct FormFields: Sendable {
    private var fields: [String: String] = [:]

    /// - Throws: where the body is not valid UTF-8, or a field is there twice.
    public init(_ request: CollectedRequest) throws(RequestError) {
        for pair in String(buffer: request.body).split(separator: "&") {
            guard let name = RequestQuery.name(of: pair), let value = RequestQuery.decode(pair.drop { $0 != "=" }.dropFirst())
            else {
                throw .invalidField(String(pair.prefix { $0 != "=" }.prefix(40)), "is not valid UTF-8 in percent-encoding")
            }
            guard fields.updateValue(value, forKey: name) == nil else { throw .invalidField(name, "is there twice") }
        }
    }

    /// `nil` where the field was left empty.
    public subscript(name: String) -> String? {
        guard let value = fields[name], !value.trimmingSpaces().isEmpty else { return nil }
        return value
    }
}
