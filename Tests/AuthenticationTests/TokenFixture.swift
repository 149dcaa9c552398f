import Authentication
import CryptoExtras
import Foundation
import HTTPServer
import JWTKit
import Logging
import TestSupport

/// A verifier at a time of the test's choice, and the secrets and keys that its tokens are signed with.
struct TokenFixture {
    static let now = 2_000_000_000.0
    static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    static let secretOfServices = [UInt8](repeating: 7, count: 32)

    static let services = ServiceTokens(secret: { secretOfServices }, now: { now })

    static func rules(
        issuer: String? = nil, audience: String? = nil, roleClaim: String = "role", subjectClaim: String = "sub"
    ) -> AuthenticationRules {
        AuthenticationRules(issuer: issuer, audience: audience, roleClaim: roleClaim, subjectClaim: subjectClaim)
    }

    static func verifier(
        _ rules: AuthenticationRules = rules(), secrets: [[UInt8]] = [secret], source: KeySetSource? = nil,
        now: @escaping @Sendable () -> Double = { now }
    ) async -> TokenVerifier {
        let keys = VerificationKeys(
            secrets: { secrets }, source: source, services: services, logger: CapturedLogs().logger)
        await keys.prepare()
        return TokenVerifier(keys: keys, rules: rules, now: now)
    }

    /// A token with these parts as JSON, signed with a secret.
    static func token(
        header: String = #"{"alg":"HS256","typ":"JWT"}"#, claims: String, secret: [UInt8] = secret
    ) async throws -> String {
        let signed = encoded(header) + "." + encoded(claims)
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        return signed + "." + encoded(try await keys.getKey().sign(Array(signed.utf8)))
    }

    /// A token signed with a private key of a provider.
    static func token(
        _ algorithm: String, id: String?, claims: String = #"{"sub":"kim","role":"visitor","exp":2000000100}"#,
        by keys: JWTKeyCollection
    ) async throws -> String {
        let header = #"{"alg":"\#(algorithm)""# + (id.map { #","kid":"\#($0)""# } ?? "") + "}"
        let signed = encoded(header) + "." + encoded(claims)
        return signed + "." + encoded(try await keys.getKey().sign(Array(signed.utf8)))
    }

    static func encoded(_ text: String) -> String { encoded(Array(text.utf8)) }

    static func encoded(_ bytes: [UInt8]) -> String {
        Base64URL.encode(bytes)
    }

    /// A provider's key pairs, by algorithm: what signs, and the public member of a key set.
    static func providerKey(_ algorithm: String, id: String) async throws -> (signer: JWTKeyCollection, member: [String: Any]) {
        var member: [String: Any] = ["kid": id, "use": "sig", "alg": algorithm]
        let signer = JWTKeyCollection()
        switch algorithm {
        case "ES256":
            let key = ES256PrivateKey()
            await signer.add(ecdsa: key)
            member.merge(["kty": "EC", "crv": "P-256", "x": key.parameters?.x ?? "", "y": key.parameters?.y ?? ""]) { $1 }
        case "EdDSA":
            let key = try EdDSA.PrivateKey()
            await signer.add(eddsa: key)
            member.merge(["kty": "OKP", "crv": "Ed25519", "x": encoded(Array(key.publicKey.rawRepresentation))]) { $1 }
        default:
            let key = try Insecure.RSA.PrivateKey(backing: _RSA.Signing.PrivateKey(keySize: .bits2048))
            await signer.add(rsa: key, digestAlgorithm: .sha256)
            let public_ = try key.publicKey.getKeyPrimitives()
            member.merge(["kty": "RSA", "n": encoded(Array(public_.modulus)), "e": encoded(Array(public_.publicExponent))]) { $1 }
        }
        // The tests sign with `getKey()`, the default one.
        return (signer, member)
    }

    static func keySet(_ members: [[String: Any]]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: ["keys": members]), as: UTF8.self)
    }
}

/// The error's short name, for what a test expects.
func refusal(_ work: () async throws -> Principal) async -> String {
    do {
        return "\(try await work())"
    } catch RequestError.unauthenticated(.token(let what)) {
        return what
    } catch {
        return "\(error)"
    }
}
