import AsyncHTTPClient
import Foundation
import HTTPServer
import NIOCore
import NIOHTTP1

/// Where a key set is: a file, or an address of an identity provider.
public struct KeySetSource: Sendable, CustomStringConvertible {
    public let description: String
    let refreshEvery: Duration
    let read: @Sendable () async throws -> Data

    private static let sizeLimit = 1 << 20
    /// A token with an unknown key waits for this as long.
    private static let readWithin = TimeAmount.milliseconds(1_500)

    public static func file(_ path: String) -> KeySetSource {
        KeySetSource(description: path, refreshEvery: .seconds(5)) {
            guard let data = FileManager.default.contents(atPath: path), data.count <= sizeLimit else {
                throw InvalidKeySet(description: "can't be read, or has more than 1 MiB")
            }
            return data
        }
    }

    /// - Parameters:
    ///   - url: of a key set, or of a discovery document that names one (OpenID Connect Discovery 1.0, 3).
    ///   - issuer: that the discovery document must be of; `nil` for any.
    public static func url(_ url: String, issuer: String?) -> KeySetSource {
        KeySetSource(description: url, refreshEvery: .seconds(300)) {
            let document = try await get(url)
            guard let discovery = try? JSON(parsing: document), let address = discovery["jwks_uri"]?.text else { return document }
            if let issuer, discovery["issuer"]?.text != issuer {
                throw InvalidKeySet(description: "is the discovery document of another issuer than AUTH_ISSUER")
            }
            return try await get(address)
        }
    }

    private static func get(_ url: String) async throws -> Data {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: url), deadline: .now() + readWithin)
        guard response.status == .ok else { throw InvalidKeySet(description: "\(url) responds with \(response.status.code)") }
        return Data(try await response.body.collect(upTo: sizeLimit).readableBytesView)
    }
}
