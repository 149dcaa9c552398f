import Contracts
import HTTPServer
import HTTPTypes

/// Takes the sender of a request from its bearer token, or else from its session.
struct SessionAuthenticator: Authenticator {
    /// `nil`: no keys are configured.
    let tokens: BearerAuthenticator?
    let sessions: SessionStore
    /// What tells the services who it is.
    let services: ServiceTokens

    func authenticate(_ request: HTTPRequest) async throws(RequestError) -> Authentication {
        if let tokens, request.headerFields[.authorization] != nil { return try await tokens.authenticate(request) }
        guard let cookie = SessionCookie.read(request.headerFields) else {
            return Authentication(principal: tokens == nil ? .unrestricted(subject: nil) : .anonymous)
        }
        try Self.checkOrigin(request)
        guard let session = try await find(cookie) else {
            guard tokens == nil else { throw .unauthenticated(.session) }
            return Authentication(principal: .unrestricted(subject: nil))
        }
        let token = try await token(of: session)
        return Authentication(
            principal: tokens == nil
                ? .unrestricted(subject: session.subject) : .known(subject: session.subject, role: session.role),
            token: token)
    }

    private func find(_ cookie: String) async throws(RequestError) -> Session? {
        do throws(Failure) { return try await sessions.find(cookie) } catch { throw .failure(error) }
    }

    private func token(of session: Session) async throws(RequestError) -> String {
        do throws(Failure) {
            return try await services.token(subject: session.subject, role: session.role)
        } catch {
            throw .failure(error)
        }
    }

    /// A cookie goes with each request of a browser. One that changes something must come from a page of this site.
    private static func checkOrigin(_ request: HTTPRequest) throws(RequestError) {
        guard ![.get, .head].contains(request.method), let origin = request.headerFields[.origin] else { return }
        guard let authority = request.authority, origin == "https://" + authority || origin == "http://" + authority else {
            throw .forbidden("A page of another site sent it")
        }
    }
}
