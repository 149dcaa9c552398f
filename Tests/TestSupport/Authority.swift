import Foundation

/// A certificate authority of a test's own, made with the openssl command.
public struct Authority: Sendable {
    /// Where files are, all of them PEM.
    public struct Signed: Sendable {
        public let certificate: String
        public let key: String
    }

    /// The file that names whom to trust.
    public var certificate: String { own.certificate }
    private let own: Signed
    private let folder: TemporaryFolder

    public static func make() async throws -> Authority {
        let folder = try TemporaryFolder()
        let own = Signed(certificate: folder.url.path + "/ca.pem", key: folder.url.path + "/ca.key")
        let authority = Authority(own: own, folder: folder)
        try await authority.openssl(
            "req", "-x509", "-days", "2", "-subj", "/CN=authority", "-addext", "basicConstraints=critical,CA:TRUE", "-out",
            own.certificate, newKey: own.key)
        return authority
    }

    /// - Parameters:
    ///   - names: as openssl takes them, such as `DNS:localhost,IP:127.0.0.1`.
    ///   - days: how long it is good for; -1: it ran out yesterday.
    public func sign(_ names: String, days: Int = 2) async throws -> Signed {
        let file = "\(folder.url.path)/\(UInt32.random(in: 0 ... .max))"
        let signed = Signed(certificate: file + ".pem", key: file + ".key")
        try await openssl(
            "req", "-new", "-subj", "/CN=server", "-addext", "subjectAltName=" + names, "-out", file + ".csr", newKey: signed.key)
        try await openssl(
            "x509", "-req", "-in", file + ".csr", "-CA", own.certificate, "-CAkey", own.key, "-days", String(days),
            "-copy_extensions", "copy", "-out", signed.certificate)
        return signed
    }

    private func openssl(_ arguments: String..., newKey: String? = nil) async throws {
        let key = newKey.map { ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", $0] } ?? []
        let process = try ChildProcess(
            "openssl", arguments + key, folder: folder.url, output: folder.url.appendingPathComponent("openssl.log"))
        guard try await process.waitForExit() == 0 else { throw Failed("openssl: \(process.printed())") }
    }
}

extension RedisServer {
    /// Redis' options for TLS on a port beside the plain one.
    /// - Parameter asks: whether clients must show a certificate, too.
    public static func tls(port: Int, _ signed: Authority.Signed, by authority: Authority, asks: Bool = false) -> [String] {
        [
            "--tls-port", String(port), "--tls-cert-file", signed.certificate, "--tls-key-file", signed.key, "--tls-ca-cert-file",
            authority.certificate, "--tls-auth-clients", asks ? "yes" : "no",
        ]
    }
}
