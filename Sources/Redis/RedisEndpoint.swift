import Foundation

/// Where a Redis server is and as whom to speak to it, read from a URL.
public struct RedisEndpoint: Sendable, Equatable {
    public enum Address: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    public let address: Address
    public let user: String?
    public let password: String?
    /// The numbered database, 0 by default.
    public let database: Int

    /// Reads `redis://[user:password@]host[:port][/database]` or `unix:///path[?db=database]`.
    /// - Throws: ``InvalidURL`` with what is wrong; the message never repeats the URL, which may hold a password.
    public init(url: String) throws(InvalidURL) {
        guard let parts = URLComponents(string: url) else { throw InvalidURL("it is not a URL") }
        switch parts.scheme {
        case "redis":
            guard let host = parts.host, !host.isEmpty else { throw InvalidURL("it names no host") }
            let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
            let port = parts.port ?? 6379
            guard (1...65_535).contains(port) else { throw InvalidURL("a port is a number from 1 to 65535") }
            address = .tcp(host: bare, port: port)
            let path = parts.path.drop { $0 == "/" }
            guard let number = path.isEmpty ? 0 : Int(path), number >= 0 else {
                throw InvalidURL("after the host only a database number may follow")
            }
            database = number
        case "unix":
            guard (parts.host ?? "").isEmpty, parts.path.hasPrefix("/"), parts.path.utf8.count <= 100 else {
                throw InvalidURL("unix:// needs an absolute path of at most 100 bytes")
            }
            address = .unix(path: parts.path)
            let item = parts.queryItems?.first { $0.name == "db" }
            guard let number = item == nil ? 0 : item?.value.flatMap({ Int($0) }), number >= 0 else {
                throw InvalidURL("db must be a number")
            }
            database = number
        default:
            throw InvalidURL("it must start with redis:// or unix://")
        }
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
    }

    public struct InvalidURL: Error, Equatable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }
    }
}

extension RedisEndpoint: CustomStringConvertible {
    /// The address alone: fit for logs.
    public var description: String {
        switch address {
        case .tcp(let host, let port): "\(host):\(port)"
        case .unix(let path): path
        }
    }
}
