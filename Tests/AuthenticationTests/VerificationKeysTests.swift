import Authentication
import Foundation
import HTTPServer
import JWTKit
import TestSupport
import Testing

/// Keys of an identity provider: which are used, when they are read, and what stays while the provider is away.
@Suite struct VerificationKeysTests {
    private func response(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test(arguments: ["RS256", "ES256", "EdDSA"]) func tokensOfAProviderAreValid(algorithm: String) async throws {
        let (signer, member) = try await TokenFixture.providerKey(algorithm, id: "1")
        let provider = try StubServer(.says(response(try TokenFixture.keySet([member]))))
        let verifier = await TokenFixture.verifier(source: .url(provider.url, issuer: nil))
        for id in ["1", nil] {
            let token = try await TokenFixture.token(algorithm, id: id, by: signer)
            #expect(try await verifier.principal(of: token) == .known(subject: "kim", role: .visitor))
        }
        let (other, _) = try await TokenFixture.providerKey(algorithm, id: "1")
        let forged = try await TokenFixture.token(algorithm, id: "1", by: other)
        #expect(await refusal { try await verifier.principal(of: forged) } == "has no signature of a known key")
    }

    @Test func aPublicKeyIsNoSecret() async throws {
        let (_, member) = try await TokenFixture.providerKey("RS256", id: "1")
        let provider = try StubServer(.says(response(try TokenFixture.keySet([member]))))
        let verifier = await TokenFixture.verifier(secrets: [], source: .url(provider.url, issuer: nil))
        for secret in [member["n"] as? String ?? "", String(repeating: "key", count: 16)] {
            let token = try await TokenFixture.token(
                header: #"{"alg":"HS256","kid":"1"}"#, claims: #"{"sub":"kim","role":"admin","exp":2000000100}"#,
                secret: Array(secret.utf8))
            #expect(await refusal { try await verifier.principal(of: token) } == "has no signature of a known key")
        }
    }

    @Test func keysOfOtherTypesAndUsesAreLeftOut() async throws {
        let (signer, member) = try await TokenFixture.providerKey("ES256", id: "1")
        let others: [[String: Any]] = [
            ["kty": "oct", "k": "AAAA", "kid": "1"], ["kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1", "alg": "RS256"],
            member.merging(["use": "enc"]) { $1 }, member.merging(["alg": "ECDH-ES"]) { $1 }, ["kty": 1], [:],
        ]
        let provider = try StubServer(.says(response(try TokenFixture.keySet(others + [member]))))
        let verifier = await TokenFixture.verifier(source: .url(provider.url, issuer: nil))
        let token = try await TokenFixture.token("ES256", id: "1", by: signer)
        #expect(try await verifier.principal(of: token).subject == "kim")
    }

    @Test func anUnknownKeyIdAsksOnceAMinute() async throws {
        let (_, first) = try await TokenFixture.providerKey("ES256", id: "1")
        let provider = try StubServer(.says(response(try TokenFixture.keySet([first]))))
        let verifier = await TokenFixture.verifier(source: .url(provider.url, issuer: nil))
        #expect(provider.received.count == 1)
        let (signer, second) = try await TokenFixture.providerKey("ES256", id: "2")
        provider.change(.says(response(try TokenFixture.keySet([first, second]))))
        let token = try await TokenFixture.token("ES256", id: "2", by: signer)
        // The provider has begun to use another key.
        #expect(try await verifier.principal(of: token).subject == "kim")
        #expect(provider.received.count == 2)
        for id in 3...20 {
            let unknown = try await TokenFixture.token("ES256", id: "\(id)", by: signer)
            await #expect(throws: RequestError.self) { try await verifier.principal(of: unknown) }
        }
        #expect(provider.received.count == 2)
    }

    @Test func aTokenThatNamesNoKeyAsksToo() async throws {
        let (_, first) = try await TokenFixture.providerKey("RS256", id: "1")
        let provider = try StubServer(.says(response(try TokenFixture.keySet([first]))))
        let verifier = await TokenFixture.verifier(source: .url(provider.url, issuer: nil))
        let (signer, second) = try await TokenFixture.providerKey("RS256", id: "2")
        provider.change(.says(response(try TokenFixture.keySet([second]))))
        let token = try await TokenFixture.token("RS256", id: nil, by: signer)
        #expect(try await verifier.principal(of: token).subject == "kim")
    }

    @Test func aFileIsReadAgain() async throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appendingPathComponent("keys.json")
        let (signer, member) = try await TokenFixture.providerKey("EdDSA", id: "1")
        try TokenFixture.keySet([member]).write(to: path, atomically: true, encoding: .utf8)
        let verifier = await TokenFixture.verifier(source: .file(path.path))
        let token = try await TokenFixture.token("EdDSA", id: "1", by: signer)
        #expect(try await verifier.principal(of: token).subject == "kim")
    }

    @Test func withoutAnyKeysItSaysThatTheyAreMissing() async throws {
        let provider = try StubServer(.hangsUp)
        let verifier = await TokenFixture.verifier(source: .url(provider.url, issuer: nil))
        let (signer, member) = try await TokenFixture.providerKey("ES256", id: "1")
        let token = try await TokenFixture.token("ES256", id: "1", by: signer)
        await #expect(throws: RequestError.keysUnavailable) { try await verifier.principal(of: token) }
        // It asks again after seconds, not after a minute.
        provider.change(.says(response(try TokenFixture.keySet([member]))))
        try await eventually("the keys are there") { (try? await verifier.principal(of: token).subject) == "kim" }
    }

    @Test func aDiscoveryDocumentNamesTheKeySet() async throws {
        let (signer, member) = try await TokenFixture.providerKey("RS256", id: "1")
        let keys = try StubServer(.says(response(try TokenFixture.keySet([member]))))
        let discovery = try StubServer(.says(response(#"{"issuer":"https://id","jwks_uri":"\#(keys.url)/jwks"}"#)))
        let token = try await TokenFixture.token("RS256", id: "1", by: signer)
        let verifier = await TokenFixture.verifier(source: .url(discovery.url, issuer: "https://id"))
        #expect(try await verifier.principal(of: token).subject == "kim")
        let other = await TokenFixture.verifier(source: .url(discovery.url, issuer: "https://other"))
        await #expect(throws: RequestError.keysUnavailable) { try await other.principal(of: token) }
    }
}
