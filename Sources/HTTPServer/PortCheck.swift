import Foundation
import NIOCore

/// Whether the ports that a process is told to listen on can be bound.
public enum PortCheck {
    /// Binds and closes every port, so that a wrong setting is found before anything listens or consumes.
    /// - Throws: ``BindError`` of the first that can't be bound.
    public static func run(address: String, ports: [(role: String, port: Int)]) throws(BindError) {
        for (role, port) in ports {
            let code = bindOnce(address, port)
            guard code == 0 else { throw BindError(address: address, role: role, port: port, code: code) }
        }
    }

    /// Whether nobody listens there and it can be bound.
    public static func isFree(address: String, port: Int) -> Bool { bindOnce(address, port) == 0 }

    /// - Returns: 0, or the errno of what failed.
    private static func bindOnce(_ address: String, _ port: Int) -> Int32 {
        guard let place = try? SocketAddress.makeAddressResolvingHost(address, port: port) else { return EADDRNOTAVAIL }
        let family =
            switch place {
            case .v4: AF_INET
            case .v6: AF_INET6
            case .unixDomainSocket: AF_UNIX
            }
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        // As the server does: a port whose last connections are still being closed can be bound.
        var yes: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        return place.withSockAddr { pointer, size in bind(descriptor, pointer, socklen_t(size)) == 0 ? 0 : errno }
    }
}

/// A port that can't be bound.
public struct BindError: Error, Sendable, Equatable {
    public let address: String
    public let role: String
    public let port: Int
    /// The errno.
    public let code: Int32
}
