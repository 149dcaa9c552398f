import Authentication
import Foundation
import HTTPServer
import TestSupport
import Testing

/// Which tokens are valid, and who their subjects are.
@Suite struct TokenVerifierTests {
    private func verify(_ claims: String, _ rules: AuthenticationRules = TokenFixture.rules()) async throws -> String {
        let token = try await TokenFixture.token(claims: claims)
        let verifier = await TokenFixture.verifier(rules)
        return await refusal { try await verifier.principal(of: token) }
    }

    @Test(arguments: [("visitor", AccessRole.visitor), ("staff", .staff), ("admin", .admin), ("service", .service)])
    func aTokenNamesItsSubjectAndRole(role: String, expected: AccessRole) async throws {
        let token = try await TokenFixture.token(claims: #"{"sub":"kim","role":"\#(role)","exp":2000000100}"#)
        let principal = try await TokenFixture.verifier().principal(of: token)
        #expect(principal == .known(subject: "kim", role: expected))
    }

    @Test(arguments: [
        (#"{"sub":"kim","role":"visitor","exp":1999999939}"#, "has expired"),
        (#"{"sub":"kim","role":"visitor"}"#, "has no expiry (exp)"),
        (#"{"sub":"kim","role":"visitor","exp":"soon"}"#, "has no expiry (exp)"),
        (#"{"sub":"kim","role":"visitor","exp":1e999}"#, "has no expiry (exp)"),
        (#"{"sub":"kim","role":"visitor","exp":2000000100,"nbf":2000000061}"#, "is not valid yet"),
        (#"{"sub":"kim","role":"visitor","exp":2000000100,"nbf":"x"}"#, "is not valid yet"),
        (#"{"role":"visitor","exp":2000000100}"#, "has no subject (sub) of 1 to 64 characters"),
        (#"{"sub":"","role":"visitor","exp":2000000100}"#, "has no subject (sub) of 1 to 64 characters"),
        (#"{"sub":7,"role":"visitor","exp":2000000100}"#, "has no subject (sub) of 1 to 64 characters"),
        (#"["sub"]"#, "has no expiry (exp)"),
    ])
    func aTokenThatSaysTooLittleIsRefused(claims: String, reason: String) async throws {
        #expect(try await verify(claims) == reason)
    }

    @Test(arguments: [1_999_999_941, 2_000_000_000]) func clocksMayDifferByAMinute(expiry: Int) async throws {
        #expect(try await verify(#"{"sub":"kim","role":"staff","exp":\#(expiry),"nbf":2000000059}"#).contains("kim"))
    }

    @Test(arguments: [
        (#""role":"king""#, "role"), (#""role":["king"]"#, "role"), (#""other":"staff""#, "role"),
    ])
    func aTokenWithoutARoleOfTheMuseumIsForbidden(role: String, claim: String) async throws {
        #expect(try await verify(#"{"sub":"kim",\#(role),"exp":2000000100}"#).contains("forbidden"))
    }

    @Test func ofSeveralRolesTheHighestCounts() async throws {
        let rules = TokenFixture.rules(roleClaim: "realm_access.roles", subjectClaim: "email")
        let claims = #"{"email":"mina@example.org","realm_access":{"roles":["offline","visitor","staff"]},"exp":2000000100}"#
        let token = try await TokenFixture.token(claims: claims)
        let principal = try await TokenFixture.verifier(rules).principal(of: token)
        #expect(principal == .known(subject: "mina@example.org", role: .staff))
    }

    @Test(arguments: [
        (#""iss":"https://id""#, #""aud":"museum""#, "known"), (#""iss":"https://id""#, #""aud":["a","museum"]"#, "known"),
        (#""iss":"https://other""#, #""aud":"museum""#, "is from another issuer"),
        (#""iss":"https://id""#, #""aud":"other""#, "is for another audience"),
        (#""iss":"https://id""#, #""x":1"#, "is for another audience"), (#""x":1"#, #""aud":"museum""#, "is from another issuer"),
    ])
    func issuerAndAudienceAreChecked(issuer: String, audience: String, expected: String) async throws {
        let rules = TokenFixture.rules(issuer: "https://id", audience: "museum")
        let claims = #"{"sub":"kim","role":"visitor","exp":2000000100,\#(issuer),\#(audience)}"#
        #expect(try await verify(claims, rules).contains(expected))
    }

    @Test(arguments: [
        (#"{"alg":"none"}"#, "has no signature of a known key"), (#"{"alg":"None"}"#, "has no signature of a known key"),
        (#"{"alg":"HS512"}"#, "has no signature of a known key"), (#"{"alg":"hs256"}"#, "has no signature of a known key"),
        (#"{"alg":"RS256"}"#, "has no signature of a known key"), (#"{}"#, "is malformed"),
        (#"{"alg":"HS256","crit":["exp"]}"#, "has a critical extension"),
        (#"{"alg":"HS256","kid":"skmuseum-services"}"#, "has no signature of a known key"),
    ])
    func onlyTheKeysOwnAlgorithmIsAccepted(header: String, reason: String) async throws {
        let token = try await TokenFixture.token(header: header, claims: #"{"sub":"kim","role":"admin","exp":2000000100}"#)
        let verifier = await TokenFixture.verifier()
        #expect(await refusal { try await verifier.principal(of: token) } == reason)
    }

    @Test func aTokenWithoutASignatureIsRefused() async throws {
        let verifier = await TokenFixture.verifier()
        let parts =
            TokenFixture.encoded(#"{"alg":"none"}"#) + "."
            + TokenFixture.encoded(#"{"sub":"kim","role":"admin","exp":2000000100}"#)
        for token in [parts + ".", parts, parts + ".AA"] {
            #expect(await refusal { try await verifier.principal(of: token) } != "known")
            await #expect(throws: RequestError.self) { try await verifier.principal(of: token) }
        }
    }

    @Test func anotherSecretIsRefused() async throws {
        let token = try await TokenFixture.token(
            claims: #"{"sub":"kim","role":"visitor","exp":2000000100}"#, secret: Array(repeating: 9, count: 32))
        let verifier = await TokenFixture.verifier()
        #expect(await refusal { try await verifier.principal(of: token) } == "has no signature of a known key")
    }

    @Test func twoSecretsAreValidWhileOneIsReplaced() async throws {
        let older = [UInt8](repeating: 9, count: 32)
        let token = try await TokenFixture.token(claims: #"{"sub":"kim","role":"visitor","exp":2000000100}"#, secret: older)
        let both = await TokenFixture.verifier(secrets: [TokenFixture.secret, older])
        #expect(try await both.principal(of: token).subject == "kim")
    }

    @Test func aTokenThatWasValidExpiresAllTheSame() async throws {
        let now = LockedBox(TokenFixture.now)
        let verifier = await TokenFixture.verifier(now: { now.value })
        let token = try await TokenFixture.token(claims: #"{"sub":"kim","role":"visitor","exp":2000000100}"#)
        #expect(try await verifier.principal(of: token).subject == "kim")
        now.value += 161
        #expect(await refusal { try await verifier.principal(of: token) } == "has expired")
    }

    @Test func tokensOfServicesAreSignedWithTheirSecretAlone() async throws {
        let verifier = await TokenFixture.verifier(TokenFixture.rules(issuer: "https://id", audience: "museum"))
        let token = try await TokenFixture.services.token(subject: "book", role: .service)
        #expect(try await verifier.principal(of: token) == .known(subject: "book", role: .service))
        #expect(try await TokenFixture.services.token(subject: "book", role: .service) == token)
        let forged = try await TokenFixture.token(
            header: #"{"alg":"HS256","kid":"skmuseum-services"}"#,
            claims: #"{"sub":"book","role":"service","iss":"skmuseum","exp":2000000100}"#)
        #expect(await refusal { try await verifier.principal(of: forged) } == "has no signature of a known key")
    }

    @Test func aReplacedSecretOfServicesEndsTheirTokens() async throws {
        let secret = LockedBox(TokenFixture.secretOfServices)
        let now = LockedBox(TokenFixture.now)
        let services = ServiceTokens(secret: { secret.value }, now: { now.value })
        let keys = VerificationKeys(
            secrets: { [TokenFixture.secret] }, source: nil, services: services, logger: CapturedLogs().logger)
        await keys.prepare()
        let verifier = TokenVerifier(keys: keys, rules: TokenFixture.rules(), now: { now.value })
        let token = try await services.token(subject: "book", role: .service)
        #expect(try await verifier.principal(of: token).subject == "book")
        secret.value = [UInt8](repeating: 8, count: 32)
        now.value += 3
        #expect(await refusal { try await verifier.principal(of: token) } == "has no signature of a known key")
        let newer = try await services.token(subject: "book", role: .service)
        #expect(newer != token)
        #expect(try await verifier.principal(of: newer).subject == "book")
        // One that somebody made to outlive the secret.
        let lasting = try await TokenFixture.token(
            header: #"{"alg":"HS256","kid":"skmuseum-services"}"#,
            claims: #"{"sub":"kim","role":"admin","iss":"skmuseum","exp":2000009999}"#, secret: secret.value)
        #expect(await refusal { try await verifier.principal(of: lasting) }.contains("longer than a service's may be"))
    }

    @Test func anIssuedTokenIsValid() async throws {
        let rules = TokenFixture.rules(
            issuer: "https://id", audience: "museum", roleClaim: "https://m/role", subjectClaim: "name")
        let token = try await TokenIssuer(secret: TokenFixture.secret, rules: rules).token(
            subject: "김민아", role: .staff, now: TokenFixture.now, lifetime: 10)
        #expect(try await TokenFixture.verifier(rules).principal(of: token) == .known(subject: "김민아", role: .staff))
    }

    @Test func whateverIsNoTokenIsRefused() async throws {
        let verifier = await TokenFixture.verifier()
        var random = SeededRandom(seed: 12)
        let valid = Array(try await TokenFixture.token(claims: #"{"sub":"kim","role":"admin","exp":2000000100}"#).utf8)
        for _ in 0..<2_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0x21...0x7E, using: &random)
                case 1: bytes.remove(at: Int.random(in: bytes.indices, using: &random))
                default:
                    bytes.insert(UInt8.random(in: 0x21...0x7E, using: &random), at: Int.random(in: bytes.indices, using: &random))
                }
            }
            guard bytes != valid else { continue }
            let token = String(decoding: bytes, as: UTF8.self)
            // The last character of a signature has bits that say nothing.
            guard token.dropLast() != String(decoding: valid, as: UTF8.self).dropLast() else { continue }
            await #expect(throws: RequestError.self, "\(token)") { try await verifier.principal(of: token) }
        }
    }
}
