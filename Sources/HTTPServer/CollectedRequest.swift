public import HTTPTypes
import HummingbirdCore
public import NIOCore

/// A request whose body has been read.
public struct CollectedRequest: Sendable {
    let head: HTTPRequest
    /// All of it; empty where the route's method has none.
    public let body: ByteBuffer

    public var method: HTTPRequest.Method { head.method }
    public var headers: HTTPFields { head.headerFields }
    /// The host, and perhaps the port, that the request names.
    public var authority: String? { head.authority }
    /// What follows the `?` of the target.
    public var query: String? { uri.query }
    /// Path and query.
    var uri: URI { URI(head.path ?? "") }
}

/// A response that is one document.
public struct DocumentResponse: Sendable {
    public let status: HTTPResponse.Status
    public internal(set) var headers: HTTPFields
    public let body: ByteBuffer

    public init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
