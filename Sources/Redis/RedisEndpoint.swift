/// The address, credentials, database and TLS files of a Redis server, read from a URL.
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
    /// `nil`: no TLS.
    public let tls: TLS?

    /// The files of a `rediss://` URL, all of them PEM. They are not looked at here; ``checkFiles()`` does.
    public struct TLS: Sendable, Equatable {
        /// The authorities that may have signed the server's certificate; `nil`: those the system trusts.
        public let authorities: String?
        /// The client certificate, for a server that requests one.
        public let identity: Identity?

        public struct Identity: Sendable, Equatable {
            public let certificate: String
            public let key: String
        }
    }

    /// Reads `redis://[user:password@]host[:port][/database]`, the same with `rediss` and `[?ca=file][&cert=file&key=file]`,
    /// or `unix://[user:password@]/path[?db=database]`.
    /// - Throws: ``InvalidURL`` with what is wrong; the message never repeats the URL, which may hold a password.
    public init(url: String) throws(InvalidURL) {
        let parts: StrictURL
        do {
            parts = try StrictURL(url)
        } catch {
            throw InvalidURL(error.description)
        }
        switch parts.scheme {
        case "redis", "rediss":
            guard !parts.host.isEmpty else { throw InvalidURL("it names no host") }
            address = .tcp(host: parts.host, port: parts.port ?? 6379)
            database = try Self.database(parts.path)
            tls = try TLS(parts)
        case "unix":
            guard parts.host.isEmpty, parts.path.utf8.count <= 100, !parts.path.isEmpty, !parts.path.hasSuffix("/") else {
                throw InvalidURL("unix:// needs a file's absolute path of at most 100 bytes, and no host")
            }
            address = .unix(path: parts.path)
            tls = nil
            let items = parts.query ?? []
            guard items.allSatisfy({ $0.name == "db" }) else { throw InvalidURL("behind the ? only db may follow") }
            database = try items.first.map { item throws(InvalidURL) in try Self.number(item.value) } ?? 0
        default:
            throw InvalidURL("it must start with redis://, rediss:// or unix://")
        }
        user = parts.user
        password = parts.password
    }

    private static func database(_ path: String) throws(InvalidURL) -> Int {
        path.isEmpty || path == "/" ? 0 : try number(String(path.dropFirst()))
    }

    private static func number(_ text: String) throws(InvalidURL) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int32(text) else {
            throw InvalidURL("the database must be a number, such as redis://host/3 or unix:///path?db=3")
        }
        return Int(number)
    }

    /// Whether the address is TCP and TLS is off.
    var mayWantTLS: Bool { if case .tcp = address { tls == nil } else { false } }

    public struct InvalidURL: Error, Equatable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }
    }
}

extension RedisEndpoint.TLS {
    /// - Returns: `nil` for `redis://`. Throws if a `redis://` URL names TLS files, because it would connect without TLS.
    fileprivate init?(_ parts: StrictURL) throws(RedisEndpoint.InvalidURL) {
        guard parts.scheme == "rediss" else {
            guard let query = parts.query else { return nil }
            let hint = query.contains { Self.names.contains($0.name) } ? "ca, cert and key need rediss://" : "a database is /3"
            throw RedisEndpoint.InvalidURL("behind redis:// no ? may follow; \(hint)")
        }
        var files: [String: String] = [:]
        for (name, path) in parts.query ?? [] {
            guard Self.names.contains(name), !path.isEmpty else {
                throw RedisEndpoint.InvalidURL("behind the ? only ca, cert and key may follow, each with a file's path")
            }
            files[name] = path
        }
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
