import Contracts
import HTTPTypes

/// Conditions that a client sets for its request (RFC 9110, 13).
enum Preconditions {
    /// No resource has an entity tag, so `If-Match` is met by `*` alone. Optimistic locking is the member `version`.
    static func check(_ headers: HTTPFields) throws(RequestError) {
        guard let tags = headers[.ifMatch] else { return }
        guard tags.trimmingSpaces() == "*" else { throw .preconditionFailed }
    }
}
