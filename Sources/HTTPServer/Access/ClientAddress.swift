import HTTPTypes
import Foundation
import NIOCore

/// Where a request comes from, as far as this process can know.
public struct ClientAddress: Sendable {
    private let peer: SocketAddress?
    private let forwardedFor: String?
    private let trustedProxies: Int

    /// - Parameter trustedProxies: how many proxies in front of this process add to `X-Forwarded-For`. What stands before their
    ///   entries is the client's own text.
    init(peer: SocketAddress?, fields: HTTPFields, trustedProxies: Int) {
        self.peer = peer
        self.trustedProxies = trustedProxies
        forwardedFor = trustedProxies > 0 ? fields[.xForwardedFor] : nil
    }

    /// An IPv4 address, or the /64 network of an IPv6 address, which is one household's or one host's.
    public var text: String {
        if let entry = forwardedEntry { return entry }
        guard let peer else { return "unknown" }
        guard case .v6 = peer, let address = peer.ipAddress else { return peer.ipAddress ?? "local" }
        return Self.network(of: address) ?? address
    }

    private var forwardedEntry: String? {
        guard let forwardedFor else { return nil }
        let entries = forwardedFor.split(separator: ",", omittingEmptySubsequences: false)
        guard entries.count >= trustedProxies else { return nil }
        let entry = entries[entries.count - trustedProxies].trimmingSpaces()
        guard let address = try? SocketAddress(ipAddress: entry, port: 0) else { return nil }
        if case .v6 = address { return Self.network(of: entry) }
        return entry
    }

    private static func network(of address: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, address, &bytes) == 1 else { return nil }
        // An IPv4 client at a port that serves both.
        if bytes.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) {
            return bytes.suffix(4).map(String.init).joined(separator: ".")
        }
        return stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
            .joined(separator: ":") + "::/64"
    }
}

extension HTTPField.Name {
    static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
}
