public import HTTPServer
import JWTKit
import Synchronization

/// Checks tokens (JWT, RFC 7519): the signature, then the claims.
public final class TokenVerifier: Sendable {
    private struct Verified {
        let principal: Principal
        /// Until when it need not be checked again, in seconds since 1970.
        let until: Double
        /// Of the keys that it was checked with.
        let generation: Int
    }

    private let keys: VerificationKeys
    private let rules: AuthenticationRules
    private let now: @Sendable () -> Double
    /// Tokens that were valid before: most are sent many times.
    private let verified = Mutex<[String: Verified]>([:])

    private static let cacheLimit = 4096
    /// Their secret may be replaced at any time. Seconds.
    private static let servicesAreTrustedFor = 3.0

    /// - Parameter now: seconds since 1970.
    public init(keys: VerificationKeys, rules: AuthenticationRules, now: @escaping @Sendable () -> Double) {
        self.keys = keys
        self.rules = rules
        self.now = now
    }

    /// Whose token it is.
    /// - Throws: where it is not valid, or its keys can't be read.
    public func principal(of token: String) async throws(RequestError) -> Principal {
        let generation = keys.generation
        if let known = verified.withLock({ $0[token] }), known.generation == generation, now() < known.until {
            return known.principal
        }
        let (principal, until) = try await verify(token)
        verified.withLock { verified in
            if verified.count >= Self.cacheLimit { verified.removeAll(keepingCapacity: true) }
            verified[token] = Verified(principal: principal, until: until, generation: generation)
        }
        return principal
    }

    private func verify(_ token: String) async throws(RequestError) -> (Principal, until: Double) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.json(parts[0]), let claims = Self.json(parts[1]),
            let signature = Base64URL.decode(parts[2]), let algorithm = header["alg"]?.text
        else { throw .unauthenticated(.token("is malformed")) }
        // An extension that must be understood (RFC 7515, 4.1.11): none is.
        guard header["crit"] == nil else { throw .unauthenticated(.token("has a critical extension")) }
        let signed = Array(parts[0].utf8) + [UInt8(ascii: ".")] + Array(parts[1].utf8)
        // Each key has one algorithm: what the token says of it only chooses among keys.
        func key() async throws(RequestError) -> VerificationKey? {
            try await keys.candidates(algorithm: algorithm, id: header["kid"]?.text).first {
                // It throws for a signature of another form, which is no signature of this key.
                (try? $0.algorithm.verify(signature, signs: signed)) ?? false
            }
        }
        var found = try await key()
        if found == nil, await keys.readAgain(for: algorithm) { found = try await key() }
        guard let key = found else { throw .unauthenticated(.token("has no signature of a known key")) }
        let rules = key.isOfServices ? AuthenticationRules.ofServices : rules
        let checked = TokenClaims(claims)
        let now = now()
        try checked.check(rules, at: now)
        let expiry = (checked.expiresAt ?? 0) + AuthenticationRules.leeway
        guard key.isOfServices else { return (try checked.principal(rules), expiry) }
        // Whoever had the secret once must not have made a token that outlives it.
        guard expiry <= now + ServiceTokens.lifetime + 2 * AuthenticationRules.leeway else {
            throw .unauthenticated(.token("is valid for longer than a service's may be"))
        }
        return (try checked.principal(rules), min(expiry, now + Self.servicesAreTrustedFor))
    }

    /// What can't be read is no token.
    private static func json(_ text: Substring) -> JSON? { Base64URL.decode(text).flatMap { try? JSON(parsing: $0) } }
}
