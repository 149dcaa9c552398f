public import Contracts
public import HTTPServer
import Synchronization

/// The tokens that one role of a deployment sends another, signed with a secret that all of them read in Redis.
public final class ServiceTokens: Sendable {
    private struct Issued {
        let token: String
        /// Seconds since 1970.
        let expiresAt: Double
        let secret: [UInt8]
    }

    private let secret: @Sendable () async throws(Failure) -> [UInt8]
    private let now: @Sendable () -> Double
    private let issued = Mutex<[String: Issued]>([:])

    /// Seconds. Long enough for any request, and of little use to somebody who finds one in a dump of memory.
    static let lifetime = 120.0
    private static let cacheLimit = 4096

    /// - Parameters:
    ///   - secret: at least 32 bytes.
    ///   - now: seconds since 1970.
    public init(secret: @escaping @Sendable () async throws(Failure) -> [UInt8], now: @escaping @Sendable () -> Double) {
        self.secret = secret
        self.now = now
    }

    /// A token with at least half of its lifetime left.
    public func token(subject: String, role: AccessRole) async throws(Failure) -> String {
        let secret = try await secret()
        let name = role.rawValue + " " + subject
        if let issued = issued.withLock({ $0[name] }), issued.expiresAt - now() > Self.lifetime / 2, issued.secret == secret {
            return issued.token
        }
        let now = now()
        guard
            let token = try? await TokenIssuer.ofServices(secret: secret).token(
                subject: subject, role: role, now: now, lifetime: Self.lifetime)
        else { throw .internal("a token can't be signed") }
        issued.withLock { issued in
            if issued.count >= Self.cacheLimit { issued.removeAll() }
            issued[name] = Issued(token: token, expiresAt: now + Self.lifetime, secret: secret)
        }
        return token
    }

    /// The key that they are checked with.
    /// - Returns: `nil` while the secret can't be read; the log says why.
    func key() async -> VerificationKey? {
        guard let secret = try? await secret() else { return nil }
        return await VerificationKey.secret(secret, id: TokenIssuer.keyIDOfServices, isOfServices: true)
    }
}
