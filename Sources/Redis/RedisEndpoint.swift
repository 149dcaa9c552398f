/// How Redis is reached: addresses, credentials, database and TLS files, read from a URL.
public struct RedisEndpoint: Sendable, Equatable {
    public enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    public enum Topology: Sendable, Equatable {
        /// One server, at the only address.
        case server
        /// The primary of this name, which the Sentinels at the addresses know.
        case sentinel(primary: String)
        /// Redis Cluster, of which the addresses are some nodes.
        case cluster
    }

    public let topology: Topology
    /// At least one; several only of Sentinels and of a cluster.
    public let addresses: [Address]
    /// The first.
    public var address: Address { addresses[0] }
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
    /// `unix://[user:password@]/path[?db=database]`, `redis+sentinel://[user:password@]host[:port],…/primary[/database]` or
    /// `redis+cluster://[user:password@]host[:port],…`.
    /// - Throws: ``InvalidURL`` with what is wrong; the message never repeats the URL, which may hold a password.
    public init(url: String) throws(InvalidURL) {
        let list = try HostList(url)
        let parts = list.first
        var tls: TLS?
        switch parts.scheme {
        case "redis", "rediss":
            topology = .server
            addresses = try list.addresses(defaultPort: 6379)
            guard addresses.count == 1 else {
                throw InvalidURL("it names several hosts; use redis+sentinel:// or redis+cluster://")
            }
            database = try Self.database(parts.path)
            tls = try TLS(parts)
        case "unix":
            guard list.count == 1, parts.host.isEmpty, parts.path.utf8.count <= 100, !parts.path.isEmpty,
                !parts.path.hasSuffix("/")
            else {
                throw InvalidURL("unix:// needs a file's absolute path of at most 100 bytes, and no host")
            }
            topology = .server
            addresses = [.unix(path: parts.path)]
            let items = parts.query ?? []
            guard items.allSatisfy({ $0.name == "db" }) else { throw InvalidURL("behind the ? only db may follow") }
            database = try items.first.map { item throws(InvalidURL) in try Self.number(item.value) } ?? 0
        case "redis+sentinel":
            let words = parts.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            guard let name = words.first, !name.isEmpty, words.count <= 2, parts.query == nil else {
                throw InvalidURL("redis+sentinel:// needs the primary's name behind the hosts, such as /mymaster, and no ?")
            }
            topology = .sentinel(primary: String(name))
            addresses = try list.addresses(defaultPort: 26379)
            database = try words.count > 1 ? Self.number(String(words[1])) : 0
        case "redis+cluster":
            guard ["", "/"].contains(parts.path), parts.query == nil else {
                throw InvalidURL("behind the hosts of redis+cluster:// nothing may follow; a cluster has no numbered databases")
            }
            topology = .cluster
            addresses = try list.addresses(defaultPort: 6379)
            database = 0
        default:
            throw InvalidURL("it must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
        }
        self.tls = tls
        user = parts.user
        password = parts.password
    }

    /// One server that is reached with the same credentials.
    func server(at address: Address) -> RedisEndpoint {
        RedisEndpoint(address, user: user, password: password, database: database)
    }

    /// A Sentinel, with the same credentials or none. It has no databases.
    func sentinel(at address: Address, isSignedIn: Bool) -> RedisEndpoint {
        RedisEndpoint(address, user: isSignedIn ? user : nil, password: isSignedIn ? password : nil, database: 0)
    }

    private init(_ address: Address, user: String?, password: String?, database: Int) {
        topology = .server
        addresses = [address]
        self.user = user
        self.password = password
        self.database = database
        tls = nil
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
        let list = addresses.map(\.description).joined(separator: ",")
        return switch topology {
        case .server: list
        case .sentinel(let primary): "\(primary) of the Sentinels \(list)"
        case .cluster: "the cluster of \(list)"
        }
    }
}

extension RedisEndpoint.Address: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tcp(let host, let port): "\(host):\(port)"
        case .unix(let path): path
        }
    }

    /// Reads `host:port` as Redis writes it, without brackets around an IPv6 address.
    /// - Parameter asked: the node that wrote it; its host is meant where none is named.
    init?(_ text: String, of asked: RedisEndpoint.Address) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
        else { return nil }
        self.init(host: String(text[..<colon]), port: port, of: asked)
    }

    /// - Parameter host: empty: that of `asked`.
    init?(host: String, port: Int, of asked: RedisEndpoint.Address) {
        guard host != "?" else { return nil }
        if !host.isEmpty {
            self = .tcp(host: host, port: port)
        } else if case .tcp(let host, _) = asked {
            self = .tcp(host: host, port: port)
        } else {
            return nil
        }
    }
}
