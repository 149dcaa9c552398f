import Foundation
import JWTKit

/// A key that tokens are checked with, and the one algorithm that it is for.
struct VerificationKey: Sendable {
    /// `nil`: for a token with any key id, or none.
    let id: String?
    let algorithm: any JWTAlgorithm
    /// Whether it is for the tokens that roles of the deployment send each other.
    let isOfServices: Bool

    /// A secret for HS256.
    static func secret(_ secret: [UInt8], id: String? = nil, isOfServices: Bool = false) async -> VerificationKey? {
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        guard let algorithm = try? await keys.getKey() else { return nil }
        return VerificationKey(id: id, algorithm: algorithm, isOfServices: isOfServices)
    }

    /// The keys of a key set (RFC 7517, 5) that tokens can be signed with. Those of other types and uses are left out.
    /// - Throws: ``InvalidKeySet`` where it is no key set, or has no such key.
    static func set(_ document: Data) async throws(InvalidKeySet) -> [VerificationKey] {
        guard let object = try? JSONSerialization.jsonObject(with: document) as? [String: Any],
            let elements = object["keys"] as? [[String: Any]], elements.count <= limit
        else { throw InvalidKeySet(description: "is no JSON Web Key Set of at most \(limit) keys") }
        var keys: [VerificationKey] = []
        for element in elements {
            if let key = await VerificationKey(element) { keys.append(key) }
        }
        guard !keys.isEmpty else { throw InvalidKeySet(description: "has no key for RS256, ES256 or EdDSA") }
        return keys
    }

    private static let limit = 100
    /// RSA keys that are shorter are not safe (RFC 7518, 3.3).
    private static let rsaModulusLength = 256

    private init?(_ element: [String: Any]) async {
        let algorithm: String
        switch (element["kty"] as? String, element["crv"] as? String) {
        case ("RSA", _): algorithm = "RS256"
        case ("EC", "P-256"): algorithm = "ES256"
        case ("OKP", "Ed25519"): algorithm = "EdDSA"
        default: return nil
        }
        guard (element["use"] as? String ?? "sig") == "sig", (element["alg"] as? String ?? algorithm) == algorithm else {
            return nil
        }
        if algorithm == "RS256" {
            guard let modulus = element["n"] as? String, modulus.utf8.count * 3 / 4 >= Self.rsaModulusLength else { return nil }
        }
        // Only what is public. The set may name no id, and the library needs one.
        var member = element.filter { ["kty", "crv", "n", "e", "x", "y"].contains($0.key) }
        member["alg"] = algorithm
        member["kid"] = "key"
        guard let bytes = try? JSONSerialization.data(withJSONObject: member),
            let key = try? JSONDecoder().decode(JWK.self, from: bytes), let keys = try? await JWTKeyCollection().add(jwk: key),
            let found = try? await keys.getKey(for: "key", alg: algorithm), found.name == algorithm
        else { return nil }
        id = element["kid"] as? String
        self.algorithm = found
        isOfServices = false
    }

    private init(id: String?, algorithm: any JWTAlgorithm, isOfServices: Bool) {
        self.id = id
        self.algorithm = algorithm
        self.isOfServices = isOfServices
    }
}

/// Why a document's keys can't be used.
struct InvalidKeySet: Error, CustomStringConvertible {
    let description: String
}
