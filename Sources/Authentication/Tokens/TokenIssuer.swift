public import HTTPServer
import Foundation
import JWTKit

/// Signs tokens with a secret (HS256).
public struct TokenIssuer: Sendable {
    static let issuerOfServices = "skmuseum"
    static let keyIDOfServices = "skmuseum-services"

    private let secret: [UInt8]
    private let rules: AuthenticationRules
    private let keyID: String?

    /// - Parameter rules: what the tokens must say to be valid where they are checked.
    public init(secret: [UInt8], rules: AuthenticationRules) { self.init(secret: secret, rules: rules, keyID: nil) }

    private init(secret: [UInt8], rules: AuthenticationRules, keyID: String?) {
        self.secret = secret
        self.rules = rules
        self.keyID = keyID
    }

    /// Of the tokens that roles of a deployment send each other.
    static func ofServices(secret: [UInt8]) -> TokenIssuer {
        TokenIssuer(secret: secret, rules: .ofServices, keyID: keyIDOfServices)
    }

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - lifetime: seconds until it expires.
    public func token(subject: String, role: AccessRole, now: Double, lifetime: Double) async throws -> String {
        var claims: [String: Claim] = [
            rules.subjectClaim: .text(subject), rules.roleClaim: .text(role.rawValue), "iat": .seconds(Int(now)),
            "exp": .seconds(Int(now + lifetime)),
        ]
        if let issuer = rules.issuer { claims["iss"] = .text(issuer) }
        if let audience = rules.audience { claims["aud"] = .text(audience) }
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        var header = JWTHeader()
        if let keyID { header.kid = keyID }
        return try await keys.sign(Payload(claims: claims), header: header)
    }

    private enum Claim: Codable {
        case text(String), seconds(Int)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .seconds(let seconds): try container.encode(seconds)
            }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self =
                if let text = try? container.decode(String.self) { .text(text) } else { .seconds(try container.decode(Int.self)) }
        }
    }

    private struct Payload: JWTPayload {
        let claims: [String: Claim]

        init(claims: [String: Claim]) { self.claims = claims }
        init(from decoder: any Decoder) throws { claims = try decoder.singleValueContainer().decode([String: Claim].self) }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(claims)
        }
        func verify(using algorithm: some JWTAlgorithm) {}
    }
}
