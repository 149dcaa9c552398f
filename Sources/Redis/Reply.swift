/// One reply of a Redis server (RESP2).
public enum Reply: Sendable, Equatable {
    /// A bulk or simple string that is valid UTF-8.
    case text(String)
    /// A bulk string that is not valid UTF-8. This program writes none.
    case bytes([UInt8])
    case integer(Int64)
    case array([Reply])
    case null
    /// An error inside an array; an error at the top is a ``RedisError``.
    case error(String)
}

extension Reply {
    /// The reply as text. Throws ``RedisError/unexpected(_:)`` where it is none.
    public func asText() throws(RedisError) -> String {
        guard case .text(let text) = self else { throw .unexpected("expected a string, not \(kind)") }
        return text
    }

    /// The reply as text, `nil` where Redis has none.
    public func asOptionalText() throws(RedisError) -> String? {
        if case .null = self { return nil }
        return try asText()
    }

    public func asInteger() throws(RedisError) -> Int {
        switch self {
        case .integer(let value): return Int(value)
        case .text(let text):
            guard let value = Int(text) else { throw .unexpected("expected a number") }
            return value
        default: throw .unexpected("expected a number, not \(kind)")
        }
    }

    /// The elements of an array; a null array (what a blocking read that ran out of time returns) has none.
    public func asArray() throws(RedisError) -> [Reply] {
        switch self {
        case .array(let elements): return elements
        case .null: return []
        default: throw .unexpected("expected an array, not \(kind)")
        }
    }

    public func asTexts() throws(RedisError) -> [String] {
        let elements = try asArray()
        var texts: [String] = []
        texts.reserveCapacity(elements.count)
        for element in elements { texts.append(try element.asText()) }
        return texts
    }

    /// A flat list of names and values, as HGETALL and stream entries return it, in its order.
    public func asPairs() throws(RedisError) -> [(name: Reply, value: Reply)] {
        let elements = try asArray()
        guard elements.count.isMultiple(of: 2) else { throw .unexpected("names and values were due") }
        return stride(from: 0, to: elements.count, by: 2).map { (elements[$0], elements[$0 + 1]) }
    }

    /// A flat list of names and values, all of it text. A hash that is not there is empty.
    public func asFields() throws(RedisError) -> [String: String] {
        let elements = try asArray()
        guard elements.count.isMultiple(of: 2) else { throw .unexpected("names and values were due") }
        var fields: [String: String] = [:]
        fields.reserveCapacity(elements.count / 2)
        for index in stride(from: 0, to: elements.count, by: 2) {
            fields[try elements[index].asText()] = try elements[index + 1].asText()
        }
        return fields
    }

    /// The same for a record of a few fields that is read once: a dictionary would cost more than the fields.
    public func asRecord() throws(RedisError) -> Record {
        let elements = try asArray()
        guard elements.count.isMultiple(of: 2) else { throw .unexpected("names and values were due") }
        for element in elements { _ = try element.asText() }
        return Record(elements)
    }

    private var kind: String {
        switch self {
        case .text: "a string"
        case .bytes: "a string that is not UTF-8"
        case .integer: "a number"
        case .array: "an array"
        case .null: "nothing"
        case .error(let message): "the error \(message)"
        }
    }
}

/// Texts by name.
public protocol TextFields {
    subscript(name: String) -> String? { get }
}

extension [String: String]: TextFields {}

/// The fields of a hash as Redis returned them.
public struct Record: TextFields, Sendable {
    /// Names and values in turn.
    private let elements: [Reply]

    fileprivate init(_ elements: [Reply]) { self.elements = elements }

    public var isEmpty: Bool { elements.isEmpty }

    public subscript(name: String) -> String? {
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard case .text(let found) = elements[index], found == name else { continue }
            if case .text(let value) = elements[index + 1] { return value }
        }
        return nil
    }
}
