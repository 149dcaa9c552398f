public import Contracts
import Foundation

/// A request's query. A repeated or unknown parameter is an error.
public struct RequestQuery: Sendable {
    private var items: [String: String] = [:]

    /// - Parameter known: the parameters that the route takes.
    public init(_ request: CollectedRequest, known: [String]) throws(RequestError) {
        for pair in (request.query ?? "").split(separator: "&") {
            guard let name = Self.name(of: pair), let value = Self.decode(pair.drop { $0 != "=" }.dropFirst()) else {
                throw .invalidParameter(String(pair.prefix { $0 != "=" }.prefix(40)), "is not valid UTF-8 in percent-encoding")
            }
            guard known.contains(name) else {
                throw .invalidParameter(String(name.prefix(40)), "is unknown; known are \(known.joined(separator: ", "))")
            }
            guard items.updateValue(value, forKey: name) == nil else { throw .invalidParameter(name, "is there twice") }
        }
    }

    public subscript(name: String) -> String? { items[name] }

    /// Comma-separated words of a closed set; `nil` where the parameter is absent.
    public func words<Word: RawRepresentable<String> & CaseIterable>(_ name: String) throws(RequestError) -> [Word]? {
        guard let value = items[name] else { return nil }
        var words: [Word] = []
        for part in value.split(separator: ",", omittingEmptySubsequences: false) {
            guard let word = Word(rawValue: String(part)) else {
                throw .invalidParameter(name, "must be of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
            }
            words.append(word)
        }
        return words
    }

    public func text(_ name: String, length: ClosedRange<Int>) throws(RequestError) -> String? {
        guard let raw = items[name] else { return nil }
        guard let text = InputText.clean(raw, length: length) else {
            throw .invalidParameter(name, InputText.requirement(length: length))
        }
        return text
    }

    public func date(_ name: String) throws(RequestError) -> String? {
        guard let value = items[name] else { return nil }
        guard ISO8601.isDate(value) else { throw .invalidParameter(name, "must be a real date, YYYY-MM-DD") }
        return value
    }

    /// An exhibition's id; `nil` where the parameter is absent.
    public func exhibition(_ name: String) throws(RequestError) -> ExhibitionID? {
        guard let value = items[name] else { return nil }
        guard let id = ExhibitionID(value) else { throw .invalidParameter(name, "must be an exhibition's id, such as a1") }
        return id
    }

    /// `size`, 20 by default, 1 to 200, and the opaque `cursor`.
    public func page() throws(RequestError) -> PageRequest {
        var size = 20
        if let value = items["size"] {
            guard let number = InputText.digits(value), (1...200).contains(number) else {
                throw .invalidParameter("size", "must be a whole number from 1 to 200")
            }
            size = number
        }
        guard let cursor = items["cursor"] else { return PageRequest(size: size, position: nil) }
        guard let position = Cursor.decode(cursor) else { throw .failure(.invalidCursor) }
        return PageRequest(size: size, position: position)
    }

    /// The decoded name of a pair `name=value`; `nil` if it is not valid UTF-8.
    static func name(of pair: Substring) -> String? { decode(pair.prefix { $0 != "=" }) }

    static func decode(_ text: Substring) -> String? {
        text.replacing("+", with: " ").removingPercentEncoding
    }
}

/// The text form of a place in a collection: base64url, opaque to clients.
enum Cursor {
    static func encode(_ position: [String]) -> String { Base64URL.encode(position.joined(separator: "\n").utf8) }

    static func decode(_ cursor: String) -> [String]? {
        guard cursor.utf8.count <= 1000 else { return nil }
        return Base64URL.decode(cursor).flatMap { String(validating: $0, as: UTF8.self) }
            .map { $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
    }
}
