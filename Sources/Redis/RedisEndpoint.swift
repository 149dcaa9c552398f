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
    /// `nil`: in plain.
    public let tls: TLS?

    /// The files of a `rediss://` URL, all of them PEM. They are not looked at here; ``checkFiles()`` does.
    public struct TLS: Sendable, Equatable {
        /// The authorities that may have signed the server's certificate; `nil`: those the system trusts.
        public let authorities: String?
        /// What we show a server that asks who we are.
        public let identity: Identity?

        public struct Identity: Sendable, Equatable {
            public let certificate: String
            public let key: String
        }
    }

    /// Reads `redis://[user:password@]host[:port][/database]`, the same with `rediss` and `[?ca=file][&cert=file&key=file]`,
    /// or `unix:///path[?db=database]`.
    /// - Throws: ``InvalidURL`` with what is wrong; the message never repeats the URL, which may hold a password.
    public init(url: String) throws(InvalidURL) {
        guard let parts = URLComponents(string: url) else { throw InvalidURL("it is not a URL") }
        switch parts.scheme {
        case "redis", "rediss":
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
            tls = try TLS(parts)
        case "unix":
            guard (parts.host ?? "").isEmpty, parts.path.hasPrefix("/"), parts.path.utf8.count <= 100 else {
                throw InvalidURL("unix:// needs an absolute path of at most 100 bytes")
            }
            address = .unix(path: parts.path)
            tls = nil
            let item = parts.queryItems?.first { $0.name == "db" }
            guard let number = item == nil ? 0 : item?.value.flatMap({ Int($0) }), number >= 0 else {
                throw InvalidURL("db must be a number")
            }
            database = number
        default:
            throw InvalidURL("it must start with redis://, rediss:// or unix://")
        }
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
    }

    /// Whether it is spoken to in plain where it could be otherwise.
    var mayWantTLS: Bool { if case .tcp = address { tls == nil } else { false } }

    public struct InvalidURL: Error, Equatable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }
    }
}

extension RedisEndpoint.TLS {
    /// - Returns: `nil` for `redis://`, which may not name files: whoever does so means to be safe.
    fileprivate init?(_ parts: URLComponents) throws(RedisEndpoint.InvalidURL) {
        var files: [String: String] = [:]
        for item in parts.queryItems ?? [] where parts.scheme == "rediss" || Self.names.contains(item.name) {
            guard parts.scheme == "rediss" else { throw RedisEndpoint.InvalidURL("\(item.name) needs rediss://") }
            guard Self.names.contains(item.name), let path = item.value, !path.isEmpty, files[item.name] == nil else {
                throw RedisEndpoint.InvalidURL("after ? only ca, cert and key may follow, each with a file's path and once")
            }
            files[item.name] = path
        }
        guard parts.scheme == "rediss" else { return nil }
        authorities = files["ca"]
        switch (files["cert"], files["key"]) {
        case (nil, nil): identity = nil
        case (let certificate?, let key?): identity = Identity(certificate: certificate, key: key)
        default: throw RedisEndpoint.InvalidURL("cert and key go together")
        }
    }

    private static let names: Set = ["ca", "cert", "key"]
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
