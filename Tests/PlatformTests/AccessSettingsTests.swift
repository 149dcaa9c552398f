import Configuration
import Foundation
import Platform
import TestSupport
import Testing

/// The settings that say who may send requests, as they may be set by mistake.
struct AccessSettingsTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let other = "fedcba9876543210fedcba9876543210"

    private func settings(_ variables: [String: String]) throws -> Settings {
        try Settings(ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables)))
    }

    @Test func withoutKeysNothingIsLimited() throws {
        let access = try settings([:]).access
        #expect(!access.hasKeys && access.isProtectedModeOn)
        #expect(access.rateLimit == nil && access.addressRateLimit == nil && access.trustedProxies == 0)
        #expect(access.roleClaim == "role" && access.subjectClaim == "sub" && access.origins.isEmpty)
    }

    @Test func withKeysThereAreLimits() throws {
        let access = try settings(["AUTH_SECRET": Self.secret]).access
        #expect(access.hasKeys && access.rateLimit == 300 && access.addressRateLimit == 60_000)
        let unlimited = try settings(["AUTH_SECRET": Self.secret, "RATE_LIMIT": "0", "ADDRESS_RATE_LIMIT": "0"]).access
        #expect(unlimited.rateLimit == nil && unlimited.addressRateLimit == nil)
    }

    @Test(arguments: [secret + "," + other, secret + "\n" + other + "\n", " " + secret + " , " + other])
    func twoSecretsMayBeValid(text: String) throws {
        #expect(try settings(["AUTH_SECRET": text]).access.secrets == [Self.secret, Self.other].map { Array($0.utf8) })
        let folder = try TemporaryFolder()
        let file = folder.url.appendingPathComponent("secret")
        try text.write(to: file, atomically: true, encoding: .utf8)
        let access = try settings(["AUTH_SECRET_FILE": file.path]).access
        #expect(access.secrets.count == 2)
        try Self.other.write(to: file, atomically: true, encoding: .utf8)
        #expect(access.currentSecrets() == [Array(Self.other.utf8)])
    }

    @Test(arguments: [
        ("AUTH_SECRET", "short"), ("AUTH_SECRET", " "), ("AUTH_SECRET", ","), ("AUTH_SECRET", secret + ",short"),
        ("AUTH_SECRET", secret + "," + other + "," + secret), ("AUTH_SECRET_FILE", "/nowhere"), ("AUTH_SECRET_FILE", "/"),
        ("AUTH_JWKS_FILE", "/nowhere"), ("AUTH_JWKS_URL", "id.example.org"), ("AUTH_JWKS_URL", "https://"),
        ("AUTH_JWKS_URL", "https://kim:pw@id.example.org"), ("AUTH_JWKS_URL", "file:///etc/passwd"), ("AUTH_ISSUER", "a b"),
        ("AUTH_AUDIENCE", "\u{0}"), ("AUTH_ROLE_CLAIM", "역할"), ("AUTH_SUBJECT_CLAIM", String(repeating: "a", count: 256)),
        ("PROTECTED_MODE", "No"), ("PROTECTED_MODE", "0"), ("RATE_LIMIT", "-1"), ("RATE_LIMIT", "1e3"),
        ("ADDRESS_RATE_LIMIT", "many"),
        ("TRUSTED_PROXIES", "9"), ("CORS_ORIGINS", "*"), ("CORS_ORIGINS", "https://a.example/"), ("CORS_ORIGINS", "a.example"),
        ("OPERATOR_REDIS_URL", "http://host"), ("TLS_CERT_FILE", "/nowhere"), ("TLS_KEY_FILE", "/nowhere"),
    ])
    func whatCanNotBeMeantIsRefused(variable: String, value: String) throws {
        #expect {
            try settings([variable: value])
        } throws: { error in
            let line = "\(error)"
            // Of a pair of files, the line names the one that is missing.
            let named = variable.hasPrefix("TLS_") ? "TLS_" : variable + " "
            return error is InvalidSetting && line.hasPrefix(named) && !line.contains("\n") && !line.contains(Self.secret)
        }
    }

    @Test(arguments: [
        ["AUTH_SECRET": secret, "AUTH_SECRET_FILE": "/etc/hostname"],
        ["AUTH_JWKS_FILE": "/etc/hostname", "AUTH_JWKS_URL": "https://id.example.org"],
    ])
    func twoPlacesOfOneThingAreRefused(variables: [String: String]) throws {
        #expect(throws: InvalidSetting.self) { try settings(variables) }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.0.0.2", true), ("localhost", true), ("::1", true), ("0.0.0.0", false), ("::", false),
        ("10.0.0.1", false),
    ])
    func whichAddressesAreLoopback(address: String, isLoopback: Bool) throws {
        #expect(try settings(["BIND_ADDRESS": address]).isLoopback == isLoopback)
    }
}
