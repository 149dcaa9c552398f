public import HTTPServer
public import HTTPTypes

/// Without keys everybody may do everything. The gateway's token says whose session a request has.
public struct ForwardedSessionAuthenticator: Authenticator {
    private let verifier: TokenVerifier

    public init(_ verifier: TokenVerifier) { self.verifier = verifier }

    public func authenticate(_ request: HTTPRequest) async throws(RequestError) -> Authentication {
        // Any other token says nothing here: without keys none can be checked, and none is needed.
        guard request.headerFields[.authorization] != nil, let token = try? BearerAuthenticator.token(in: request.headerFields),
            let principal = try? await verifier.principal(of: token)
        else { return Authentication(principal: .unrestricted(subject: nil)) }
        return Authentication(principal: .unrestricted(subject: principal.subject))
    }
}
