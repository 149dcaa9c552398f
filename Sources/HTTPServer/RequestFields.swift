import Contracts
import Hummingbird
import NIOCore

/// The members of a JSON body, read one by one and strictly. Whatever has not been read when it finishes is unknown.
public struct RequestFields: Sendable {
    private var members: [String: JSON] = [:]

    /// Reads a request's body.
    public init(_ request: CollectedRequest) throws(RequestError) { try self.init(JSON(body: request)) }

    public init(_ json: JSON) throws(RequestError) {
        guard case .object(let list) = json else { throw .malformedJSON("an object is expected") }
        for member in list {
            guard members.updateValue(member.value, forKey: member.name) == nil else {
                throw .invalidField(member.name, "is there twice")
            }
        }
    }

    /// Whether the body names the field, `null` included.
    public func names(_ field: String) -> Bool { members[field] != nil }

    /// Passes over fields that a client may send back as it got them.
    public mutating func ignore(_ fields: String...) {
        for field in fields { members[field] = nil }
    }

    /// The field's text; `nil` where it is absent or `null`.
    public mutating func optionalText(_ field: String, length: ClosedRange<Int>) throws(RequestError) -> String? {
        switch members.removeValue(forKey: field) {
        case nil, .null: return nil
        case .string(let raw):
            guard let text = InputText.clean(raw, length: length) else {
                throw .invalidField(field, InputText.requirement(length: length))
            }
            return text
        default: throw .invalidField(field, "must be a string")
        }
    }

    /// The field's text. Throws if it is absent or `null`.
    public mutating func text(_ field: String, length: ClosedRange<Int>) throws(RequestError) -> String {
        let isNamed = names(field)
        guard let text = try optionalText(field, length: length) else { throw Self.missing(field, isNull: isNamed) }
        return text
    }

    /// The field's number, written as a whole one or as a string of one to nine digits; `nil` where it is absent or `null`.
    public mutating func optionalInteger(_ field: String, in range: ClosedRange<Int>) throws(RequestError) -> Int? {
        let number: Int?
        switch members.removeValue(forKey: field) {
        case nil, .null: return nil
        case .number(let digits): number = WholeNumber.value(of: digits)
        case .string(let text): number = InputText.digits(text)
        default: throw .invalidField(field, "must be a whole number")
        }
        guard let number, range.contains(number) else {
            throw .invalidField(field, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The field's number. Throws if it is absent or `null`.
    public mutating func integer(_ field: String, in range: ClosedRange<Int>) throws(RequestError) -> Int {
        let isNamed = names(field)
        guard let number = try optionalInteger(field, in: range) else { throw Self.missing(field, isNull: isNamed) }
        return number
    }

    /// The field `visitor`, or the sender where it is absent.
    public mutating func visitor(of context: AppRequestContext, length: ClosedRange<Int>) throws(RequestError) -> String {
        let isNamed = names("visitor")
        let named = try optionalText("visitor", length: length)
        guard let visitor = try context.visitor(named) else { throw Self.missing("visitor", isNull: isNamed) }
        return visitor
    }

    private static func missing(_ field: String, isNull: Bool) -> RequestError {
        .invalidField(field, isNull ? "must not be null" : "is missing")
    }

    /// Throws if a field of the body has not been read.
    public func finish() throws(RequestError) {
        if let field = members.keys.min() { throw .invalidField(field, "is unknown") }
    }
}

extension JSON {
    /// A request's body as JSON. Its media type is checked before it is read.
    public init(body request: CollectedRequest) throws(RequestError) {
        self = try JSON(parsing: request.body.readableBytesView)
    }
}

extension Request {
    /// The body, all of it.
    /// - Throws: ``RequestError/contentTooLarge(limit:)``, at once where the head says so.
    func wholeBody(limit: Int) async throws(RequestError) -> ByteBuffer {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw .contentTooLarge(limit: limit) }
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw .contentTooLarge(limit: limit)
        } catch {
            throw .bodyIsIncomplete
        }
    }
}

extension RequestError {
    static var bodyIsIncomplete: Self { .malformedJSON("the body could not be read to its end") }
}

extension StringProtocol {
    /// The text without spaces and tabs around it.
    public func trimmingSpaces() -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
