import HTTPServer

/// The claims of a token whose signature is valid (RFC 7519, 4.1).
struct TokenClaims {
    private let claims: JSON

    init(_ claims: JSON) { self.claims = claims }

    /// When the token expires, in seconds since 1970.
    var expiresAt: Double? { seconds("exp") }

    /// - Parameter now: seconds since 1970.
    /// - Throws: saying what is wrong with the token.
    func check(_ rules: AuthenticationRules, at now: Double) throws(RequestError) {
        guard let expiresAt else { throw invalid("has no expiry (exp)") }
        guard now < expiresAt + AuthenticationRules.leeway else { throw invalid("has expired") }
        if claims["nbf"] != nil {
            guard let notBefore = seconds("nbf"), notBefore <= now + AuthenticationRules.leeway else {
                throw invalid("is not valid yet")
            }
        }
        if let issuer = rules.issuer, claims["iss"]?.text != issuer { throw invalid("is from another issuer") }
        if let audience = rules.audience, !texts(claims["aud"]).contains(audience) { throw invalid("is for another audience") }
    }

    func principal(_ rules: AuthenticationRules) throws(RequestError) -> Principal {
        guard let subject = value(rules.subjectClaim)?.text.flatMap({ InputText.clean($0, length: 1...64) }) else {
            throw invalid("has no subject (\(rules.subjectClaim)) of 1 to 64 characters")
        }
        // Of several roles the one that may do most. A service's is for services alone.
        let roles = texts(value(rules.roleClaim)).compactMap(AccessRole.init)
        guard let role = [.admin, .staff, .visitor, .service].first(where: roles.contains) else {
            throw .forbidden("Its token names no role of this museum (\(rules.roleClaim))")
        }
        return .known(subject: subject, role: role)
    }

    private func seconds(_ name: String) -> Double? {
        guard case .number(let text) = claims[name], let seconds = Double(text), seconds.isFinite else { return nil }
        return seconds
    }

    private func value(_ name: String) -> JSON? {
        claims[name] ?? name.split(separator: ".").reduce(claims as JSON?) { $0?[String($1)] }
    }

    private func texts(_ value: JSON?) -> [String] { value?.text.map { [$0] } ?? value?.elements?.compactMap(\.text) ?? [] }

    private func invalid(_ what: String) -> RequestError { .unauthenticated(.token(what)) }
}
