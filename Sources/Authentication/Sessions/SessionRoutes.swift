import Contracts
import HTTPServer
import HTTPTypes

/// `/sessions`: browsers sign in and out.
struct SessionRoutes: Routes {
    let sessions: SessionStore
    let verifier: TokenVerifier?
    let bookers: any BookerDirectory
    let limiter: RateLimiter
    let now: CurrentTime

    func add(to router: AppRouter) {
        router.post("sessions", for: .everybody) { try await begin($0, $1) }
        router.get("sessions", for: .everybody) { request, _ in
            guard let cookie = SessionCookie.read(request.headers), let session = try await sessions.find(cookie) else {
                throw RequestError.unauthenticated(.session)
            }
            return document(session, .ok, to: request)
        }
        router.delete("sessions", for: .everybody) { request, context in
            if let cookie = SessionCookie.read(request.headers) { try await sessions.end(cookie) }
            return DocumentResponse(
                status: .noContent,
                headers: [
                    .setCookie: SessionCookie.field(
                        "", maximumAge: 0, isSecure: SessionCookie.isSecure(request.authority))
                ])
        }
    }

    private func begin(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        var fields = try RequestFields(request)
        let token = try fields.optionalText("token", length: 1...8192)
        let bookId = try fields.optionalText("bookId", length: 1...100)
        let contact = try fields.optionalText("contact", length: 1...254)
        try fields.finish()
        let session: Session
        switch (token, bookId, contact) {
        case (let token?, nil, nil): session = try await signedIn(token)
        case (nil, let bookId?, let contact?):
            session = try await returningGuest(bookId: bookId, contact: contact, context)
        case (nil, nil, nil):
            // A guest who asks again stays the same.
            if let cookie = SessionCookie.read(request.headers), let known = try await sessions.find(cookie), known.isGuest {
                return document(known, .created, to: request)
            }
            session = .guest(at: now())
        case (nil, nil, .some): throw RequestError.invalidField("bookId", "is missing")
        case (nil, .some, nil): throw RequestError.invalidField("contact", "is missing")
        default: throw RequestError.invalidField("token", "must be alone")
        }
        // The id is new with each sign-in, so that nobody else can have set it.
        let cookie = try await sessions.begin(session)
        if let earlier = SessionCookie.read(request.headers) { try await sessions.end(earlier) }
        let field = SessionCookie.field(
            cookie, maximumAge: session.isGuest ? Session.guestLifetime / 1000 : nil,
            isSecure: SessionCookie.isSecure(request.authority))
        return document(session, .created, to: request, headers: [.setCookie: field])
    }

    private func signedIn(_ token: String) async throws -> Session {
        guard let verifier else { throw RequestError.unauthenticated(.token("can't be checked: no keys are configured")) }
        guard case .known(let subject, let role) = try await verifier.principal(of: token), role != .service else {
            throw RequestError.forbidden("A service has no session")
        }
        return Session(subject: subject, role: role, createdAt: now())
    }

    /// A guest on another device. Wrong pairs are answered alike, and no more than a few are tried.
    private func returningGuest(bookId: String, contact: String, _ context: AppRequestContext) async throws -> Session {
        try await limiter.check(.guestsByAddress, of: context.client.text)
        guard let id = BookingID(bookId) else { throw RequestError.unauthenticated(.guest) }
        try await limiter.check(.guestsByBooking, of: id.text)
        guard let booker = try await bookers.booker(of: id), Session.isGuest(booker.visitor),
            let known = booker.contact, Self.isSame(known, contact)
        else { throw RequestError.unauthenticated(.guest) }
        return Session(subject: booker.visitor, role: .visitor, createdAt: now())
    }

    /// Whether two contacts are the same but for upper and lower case. The time it takes says nothing of where they differ.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        let (one, other) = (Array(one.lowercased().utf8), Array(other.lowercased().utf8))
        return one.count == other.count && zip(one, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func document(
        _ session: Session, _ status: HTTPResponse.Status, to request: CollectedRequest, headers: HTTPFields = [:]
    ) -> DocumentResponse {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("subject", session.subject)
            writer.member("role", session.role.rawValue)
            writer.member("expiresAt", Timestamp.text(session.expiry(at: now())))
            writer.object("_links") { $0.link("self", "/sessions") }
        }
        return DocumentResponse.json(writer, status: status, to: request, headers: headers)
    }
}
