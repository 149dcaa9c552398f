public import HTTPServer
public import HTTPTypes

/// Takes the sender of a request from its bearer token (RFC 6750, 2.1).
public struct BearerAuthenticator: Authenticator {
    private let verifier: TokenVerifier

    public init(_ verifier: TokenVerifier) { self.verifier = verifier }

    public func authenticate(_ request: HTTPRequest) async throws(RequestError) -> Authentication {
        guard let token = try Self.token(in: request.headerFields) else { return Authentication(principal: .anonymous) }
        return Authentication(principal: try await verifier.principal(of: token), token: token)
    }

    static func token(in fields: HTTPFields) throws(RequestError) -> String? {
        let values = fields[values: .authorization]
        guard let value = values.first else { return nil }
        let parts = value.split(separator: " ", omittingEmptySubsequences: true)
        guard values.count == 1, parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw .unauthenticated(.token("must be sent once, as Authorization: Bearer TOKEN"))
        }
        return String(parts[1])
    }
}
