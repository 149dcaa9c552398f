import NIOCore
import NIOSSL

/// TLS settings for one server: trusted authorities, expected host name, client certificate. It reads files, so each client
/// creates it once.
struct RedisTLS: Sendable {
    private let context: NIOSSLContext
    /// `nil` where the host is an IP address; then one of the certificate's must be the address connected to.
    private let serverName: String?

    /// - Returns: `nil` for an endpoint in plain.
    init?(_ endpoint: RedisEndpoint) throws(RedisEndpoint.InvalidURL) {
        guard let tls = endpoint.tls, case .tcp(let host, _) = endpoint.address else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        // RESP replies carry their own length, so no close_notify is needed. Waiting for a hung server to close TLS would keep
        // commands with an unknown outcome in memory.
        configuration.shutdownTimeout = .zero
        if let path = tls.authorities {
            configuration.trustRoots = .certificates(try Self.certificates(path))
        }
        if let identity = tls.identity {
            configuration.certificateChain = try Self.certificates(identity.certificate).map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(identity.key))
        }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            // All files are read; only a certificate and key that do not match are left.
            throw RedisEndpoint.InvalidURL("its cert and key do not belong together")
        }
        serverName = (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }

    func handler() throws -> NIOSSLClientHandler { try NIOSSLClientHandler(context: context, serverHostname: serverName) }

    private static func certificates(_ path: String) throws(RedisEndpoint.InvalidURL) -> [NIOSSLCertificate] {
        let certificates = (try? NIOSSLCertificate.fromPEMFile(path)) ?? []
        guard !certificates.isEmpty else { throw RedisEndpoint.InvalidURL("\(path) is missing, or no certificate in PEM") }
        return certificates
    }

    private static func key(_ path: String) throws(RedisEndpoint.InvalidURL) -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(file: path, format: .pem)
        } catch {
            throw RedisEndpoint.InvalidURL("\(path) is missing, or no private key in PEM")
        }
    }
}

extension RedisEndpoint {
    /// Reads the files that a `rediss://` URL names.
    /// - Throws: ``InvalidURL`` naming the one that can't be used.
    public func checkFiles() throws(InvalidURL) { _ = try RedisTLS(self) }
}

extension RedisTLS {
    /// What a broken TLS connection's error means, in half a line.
    static func meaning(of error: any Error) -> String {
        if error as? NIOSSLError == .uncleanShutdown { return "the connection closed" }
        if error as? NIOSSLExtraError == .failedToValidateHostname
            || error as? NIOSSLExtraError == .serverHostnameImpossibleToMatch
        {
            return "its certificate is for another name or address"
        }
        // BoringSSL's argument stands between the last colon of its text and the place in its source.
        let parts = "\(error)".split(separator: "OPENSSL_internal:")
        guard parts.count > 1, let argument = parts.last?.prefix(while: { $0 != " " }) else { return "\(error)" }
        switch argument {
        case "CERTIFICATE_VERIFY_FAILED":
            return "its certificate is expired or not signed by a trusted authority (set ?ca=)"
        case "WRONG_VERSION_NUMBER": return "it does not speak TLS on this port"
        case _ where argument.hasSuffix("_CERTIFICATE_REQUIRED"): return "it requires a client certificate (set ?cert= and &key=)"
        default: return "TLS failed: \(argument)"
        }
    }
}
