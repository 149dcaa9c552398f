import Foundation
public import Logging
import NIOCore
import NIOSSL
public import ServiceLifecycle
import Synchronization

/// A port's certificate and its key. When their files change, they are read again; connections that are open keep the old ones.
public final class ServerCertificate: Service {
    private struct Pair: Sendable {
        let contents: [Data]
        let chain: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource
    }

    private let certificateFile: String
    private let keyFile: String
    private let logger: Logger
    private let pair: Mutex<Pair>

    private static let checkEvery = Duration.seconds(5)

    /// - Parameters:
    ///   - certificateFile: the certificate and those that lead to a root, PEM.
    ///   - keyFile: its private key, PEM.
    public init(certificateFile: String, keyFile: String, logger: Logger) throws(InvalidCertificate) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.logger = logger
        pair = Mutex(try Self.read(certificateFile, keyFile))
    }

    /// TLS 1.2 and 1.3. Each handshake takes the pair that is current.
    var configuration: TLSConfiguration {
        let current = pair.withLock { $0 }
        var configuration = Self.configuration(current)
        configuration.sslContextCallback = { _, promise in
            let current = self.pair.withLock { $0 }
            var change = NIOSSLContextConfigurationOverride()
            change.certificateChain = current.chain
            change.privateKey = current.key
            promise.succeed(change)
        }
        return configuration
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var isFailing = false
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.checkEvery)
                do throws(InvalidCertificate) {
                    if try self.refresh() {
                        self.logger.notice("certificate read again", metadata: ["file": "\(self.certificateFile)"])
                    }
                    isFailing = false
                } catch {
                    // Perhaps one of the files is newer than the other for a moment.
                    if !isFailing { self.logger.warning("certificate can't be read again", metadata: ["reason": "\(error)"]) }
                    isFailing = true
                }
            }
        }
    }

    /// Whether the files have changed.
    private func refresh() throws(InvalidCertificate) -> Bool {
        let read = try Self.read(certificateFile, keyFile)
        return pair.withLock { pair in
            guard read.contents != pair.contents else { return false }
            pair = read
            return true
        }
    }

    private static func read(_ certificateFile: String, _ keyFile: String) throws(InvalidCertificate) -> Pair {
        guard let certificate = FileManager.default.contents(atPath: certificateFile) else {
            throw InvalidCertificate(description: "TLS_CERT_FILE names \(certificateFile), which can't be read")
        }
        guard let key = FileManager.default.contents(atPath: keyFile) else {
            throw InvalidCertificate(description: "TLS_KEY_FILE names \(keyFile), which can't be read")
        }
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(Array(certificate)), !chain.isEmpty else {
            throw InvalidCertificate(description: "TLS_CERT_FILE names \(certificateFile), which has no certificate (PEM)")
        }
        guard let privateKey = try? NIOSSLPrivateKey(bytes: Array(key), format: .pem) else {
            throw InvalidCertificate(description: "TLS_KEY_FILE names \(keyFile), which has no private key (PEM)")
        }
        let pair = Pair(
            contents: [certificate, key], chain: chain.map { .certificate($0) }, key: .privateKey(privateKey))
        // A context takes no key of another certificate.
        guard (try? NIOSSLContext(configuration: configuration(pair))) != nil else {
            throw InvalidCertificate(description: "TLS_KEY_FILE names \(keyFile), which is not the key of \(certificateFile)")
        }
        return pair
    }

    private static func configuration(_ pair: Pair) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: pair.chain, privateKey: pair.key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}

/// Why a port can't have TLS: which variable is wrong and why, in one line.
public struct InvalidCertificate: Error, Sendable, CustomStringConvertible {
    public let description: String
}
