import HTTPTypes

/// Which other sites' pages may read responses (the Fetch standard, 3.2). They send a token with each request: cookies of this
/// site are not sent from another (SameSite=Strict).
public struct CrossOrigin: Sendable {
    private let origins: Set<String>

    /// - Parameter origins: such as `https://museum.example.org`.
    public init(origins: Set<String>) { self.origins = origins }

    private static let exposed = "Location, Retry-After, X-Request-Id, Idempotent-Replayed"
    private static let headers = "Authorization, Content-Type, Idempotency-Key, X-Request-Id"
    /// Seconds that a browser need not ask again.
    private static let maximumAge = "600"

    func origin(of head: HTTPRequest) -> String? { head.headerFields[.origin].flatMap { origins.contains($0) ? $0 : nil } }

    /// The response to a browser that asks whether a page of another site may send a request; `nil` if it is no such question.
    func preflight(_ head: HTTPRequest, methods: [String]) -> DocumentResponse? {
        guard head.method == .options, origin(of: head) != nil, head.headerFields[.accessControlRequestMethod] != nil,
            !methods.isEmpty
        else { return nil }
        return DocumentResponse(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: methods.joined(separator: ", "), .accessControlAllowHeaders: Self.headers,
                .accessControlMaxAge: Self.maximumAge,
            ])
    }

    func mark(_ response: inout DocumentResponse, to head: HTTPRequest) {
        // Also where the origin is none of those: a cache must tell the responses apart.
        response.headers[.vary] = response.headers[.vary].map { $0 + ", Origin" } ?? "Origin"
        guard let origin = origin(of: head) else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = Self.exposed
    }
}
