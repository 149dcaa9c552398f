import Foundation
import NIOCore
import Redis

/// Who may send requests: the keys that tokens are checked with, and what a token must say.
public struct AccessSettings: Sendable {
    /// Where a document is.
    public enum Location: Sendable, Equatable {
        case file(String)
        case url(String)
    }

    /// Secrets for HS256 from the environment, the newest first.
    public let secrets: [[UInt8]]
    /// The file with the secrets, if they are in one.
    public let secretFile: String?
    /// An identity provider's key set.
    public let keySet: Location?
    public let issuer: String?
    public let audience: String?
    public let roleClaim: String
    public let subjectClaim: String
    /// Requests a minute of one visitor, and from one address; `nil` for any number.
    public let rateLimit: Int?
    public let addressRateLimit: Int?
    /// How many proxies in front of the gateway add to `X-Forwarded-For`.
    public let trustedProxies: Int
    /// Sites whose pages may read responses, such as `https://museum.example.org`.
    public let origins: Set<String>
    /// `PROTECTED_MODE`: whether a process without keys serves loopback only.
    public let isProtectedModeOn: Bool

    /// Whether requests are authenticated.
    public var hasKeys: Bool { !secrets.isEmpty || keySet != nil }

    /// HS256 needs as many bits as its hash has (RFC 7518, 3.2).
    private static let secretLength = 32
    private static let fileLimit = 4096

    init(_ reader: SettingReader) throws(InvalidSetting) {
        let text = try reader.text("AUTH_SECRET")
        secretFile = try reader.text("AUTH_SECRET_FILE")
        if text != nil, secretFile != nil {
            throw InvalidSetting("AUTH_SECRET", "is set, and so is AUTH_SECRET_FILE; set one of them")
        }
        if let text {
            secrets = try Self.secrets(text, of: "AUTH_SECRET")
        } else {
            secrets = try Self.secrets(inFile: secretFile)
        }
        let file = try reader.text("AUTH_JWKS_FILE")
        let url = try reader.webAddress("AUTH_JWKS_URL")
        if file != nil, url != nil { throw InvalidSetting("AUTH_JWKS_FILE", "is set, and so is AUTH_JWKS_URL; set one of them") }
        if let file, !FileManager.default.isReadableFile(atPath: file) {
            throw InvalidSetting("AUTH_JWKS_FILE", "names \(file), which can't be read")
        }
        keySet = file.map { .file($0) } ?? url.map { .url($0) }
        issuer = try reader.claim("AUTH_ISSUER")
        audience = try reader.claim("AUTH_AUDIENCE")
        roleClaim = try reader.claim("AUTH_ROLE_CLAIM") ?? "role"
        subjectClaim = try reader.claim("AUTH_SUBJECT_CLAIM") ?? "sub"
        // Without keys only this machine is served.
        let hasKeys = !secrets.isEmpty || keySet != nil
        rateLimit = try reader.limit("RATE_LIMIT", default: hasKeys ? 300 : nil)
        addressRateLimit = try reader.limit("ADDRESS_RATE_LIMIT", default: hasKeys ? 60_000 : nil)
        trustedProxies = try reader.number("TRUSTED_PROXIES", in: 0...8) ?? 0
        origins = try reader.origins("CORS_ORIGINS")
        let mode: ProtectedMode? = try reader.word("PROTECTED_MODE")
        isProtectedModeOn = mode != .no
    }

    private enum ProtectedMode: String, CaseIterable { case yes, no }

    /// The secrets as they are now: those in a file may have changed.
    public func currentSecrets() -> [[UInt8]] { secretFile == nil ? secrets : (try? Self.secrets(inFile: secretFile)) ?? [] }

    private static func secrets(inFile path: String?) throws(InvalidSetting) -> [[UInt8]] {
        guard let path else { return [] }
        guard let data = FileManager.default.contents(atPath: path), data.count <= fileLimit,
            let text = String(data: data, encoding: .utf8)
        else { throw InvalidSetting("AUTH_SECRET_FILE", "names \(path), which can't be read as text of at most 4 KiB") }
        return try secrets(text, of: "AUTH_SECRET_FILE")
    }

    /// One secret, or two that are both valid while the older is replaced: separated by a comma or a line end.
    private static func secrets(_ text: String, of variable: String) throws(InvalidSetting) -> [[UInt8]] {
        let secrets = text.split { $0 == "," || $0.isNewline }.map { $0.trimmingCharacters(in: .whitespaces) }
        guard (1...2).contains(secrets.count), secrets.allSatisfy({ $0.utf8.count >= secretLength }) else {
            throw InvalidSetting(
                variable,
                "must have one secret of at least \(secretLength) bytes, or two separated by a comma; openssl rand -hex 32 makes one"
            )
        }
        return secrets.map { Array($0.utf8) }
    }
}

extension SettingReader {
    /// A claim's name, or a value that it must have.
    fileprivate func claim(_ name: String) throws(InvalidSetting) -> String? {
        guard let text = try text(name) else { return nil }
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw InvalidSetting(name, "must be 1 to 255 visible ASCII characters")
        }
        return text
    }

    /// A number a minute; 0 for any.
    fileprivate func limit(_ name: String, default: Int?) throws(InvalidSetting) -> Int? {
        guard let number = try number(name, in: 0...100_000_000) else { return `default` }
        return number == 0 ? nil : number
    }

    fileprivate func origins(_ name: String) throws(InvalidSetting) -> Set<String> {
        guard let text = try text(name) else { return [] }
        let origins = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        for origin in origins {
            guard let url = try? StrictURL(origin), ["http", "https"].contains(url.scheme), !url.host.isEmpty, url.user == nil,
                url.path.isEmpty, url.query == nil
            else { throw InvalidSetting(name, "must be origins, such as https://museum.example.org, separated by commas") }
        }
        return Set(origins)
    }

    /// An address that a document is read from.
    fileprivate func webAddress(_ name: String) throws(InvalidSetting) -> String? {
        guard let text = try text(name) else { return nil }
        guard let url = try? StrictURL(text), ["http", "https"].contains(url.scheme), !url.host.isEmpty, url.user == nil,
            url.password == nil
        else { throw InvalidSetting(name, "must be an address, such as https://id.example.org/jwks") }
        return text
    }
}
