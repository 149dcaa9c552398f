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
    /// Whether the body is CSV, on a route that takes it.
    public var isCSV: Bool { RequestContent.isCSV(headers) }
    /// What follows the `?` of the target.
    public var query: String? { uri.query }
    /// Path and query, as sent.
    public var target: String { head.path ?? "/" }
    /// Path and query.
    var uri: URI { URI(head.path ?? "") }
}

/// A response that is one document: all of it, or a stream.
public struct DocumentResponse: Sendable {
    public let status: HTTPResponse.Status
    public internal(set) var headers: HTTPFields
    public let body: ByteBuffer
    /// The body in pieces, in place of ``body``; not for direct routes.
    let stream: ResponseStream?
    /// The body that goes on until the client leaves; for routes that are live.
    var live: (any LiveStream)?

    public init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
        stream = nil
    }

    public init(status: HTTPResponse.Status, headers: HTTPFields = [:], stream: @escaping ResponseStream) {
        self.status = status
        self.headers = headers
        body = ByteBuffer()
        self.stream = stream
    }
}

/// Writes a body piece by piece, each when the client can take it. The request's deadline ends with the head; the limits of a stream
/// are the connection's. If it throws, the connection is closed without the body's end. A piece may be empty: it only finds out
/// whether the client is still there.
public typealias ResponseStream = @Sendable (_ write: (ByteBuffer) async throws -> Void) async throws -> Void
