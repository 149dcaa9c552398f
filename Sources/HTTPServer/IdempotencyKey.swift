import Contracts
import HTTPTypes

/// The `Idempotency-Key` header: 1 to 255 visible ASCII characters, bare or in quotes.
public enum IdempotencyKey {
    /// Whether the gateway has made the key for this request, so that no earlier request can have used it. The gateway does not
    /// forward such a header. A caller that sets it wrongly at a service's own port saves a look-up and changes nothing else.
    public static func isNew(_ request: CollectedRequest) -> Bool { request.headers[.idempotencyKeyNew] != nil }

    public static func read(_ request: CollectedRequest) throws(RequestError) -> String? {
        let values = request.headers[values: .idempotencyKey]
        guard let value = values.first else { return nil }
        guard values.count == 1 else { throw .invalidIdempotencyKey("is there more than once") }
        let isQuoted = value.utf8.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
        let key = isQuoted ? String(value.dropFirst().dropLast()) : value
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalidIdempotencyKey("must be 1 to 255 visible ASCII characters, bare or in quotes")
        }
        return key
    }
}
