public import HTTPTypes

/// Whom a port lets in.
public struct AccessPolicy: Sendable {
    /// `nil`: everybody may do everything.
    public var authenticator: (any Authenticator)?
    /// The hosts that requests may name; `nil` for any. A page of another site can make a browser send requests to this machine
    /// under a name of its own (DNS rebinding).
    public var hosts: Set<String>?
    /// `nil`: as many requests as come.
    public var rateLimiter: (any RateLimiting)?
    /// How many proxies in front of the port add to `X-Forwarded-For`.
    public var trustedProxies = 0
    /// `nil`: pages of other sites read nothing.
    public var crossOrigin: CrossOrigin?

    public init() {}

    /// The names of this machine alone.
    public static let loopbackHosts: Set<String> = ["localhost", "127.0.0.1", "[::1]"]

    /// Whether a request names this machine alone.
    public static func isLoopback(_ authority: String?) -> Bool {
        authority.map { loopbackHosts.contains(host(of: $0).lowercased()) } ?? false
    }

    /// The host without its port.
    private static func host(of authority: String) -> Substring {
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard let colon = authority.utf8.lastIndex(of: UInt8(ascii: ":")),
            authority.utf8[colon...].dropFirst().allSatisfy(isDigit)
        else { return authority[...] }
        return authority[..<colon]
    }

    /// Refuses a request that was not meant for this port.
    func checkHost(_ head: HTTPRequest) throws(RequestError) {
        // HTTP/1.0 need not name a host, and no browser sends it.
        guard let hosts, let authority = head.authority else { return }
        let host = Self.host(of: authority)
        // Few names, and most requests have one of them as it is written here.
        guard hosts.contains(where: { host == $0 }) || hosts.contains(host.lowercased()) else { throw .misdirectedRequest }
    }

    /// Who sends the request.
    /// - Throws: where the route does not accept it.
    func authenticate(
        _ head: HTTPRequest, from client: ClientAddress, for access: Access
    ) async throws(RequestError) -> Authentication {
        // Before the token is checked: who tries many tokens is slowed down, too.
        if let rateLimiter { try await rateLimiter.check(address: client.text) }
        let authentication = try await authentication(of: head, for: access)
        if let rateLimiter, case .known(let subject, let role) = authentication.principal {
            try await rateLimiter.check(subject: subject, role: role)
        }
        return authentication
    }

    private func authentication(of head: HTTPRequest, for access: Access) async throws(RequestError) -> Authentication {
        if case .everybody = access { return Authentication(principal: .anonymous) }
        guard let authenticator else { return Authentication(principal: .unrestricted(subject: nil)) }
        let authentication = try await authenticator.authenticate(head)
        switch authentication.principal {
        case .unrestricted: break
        case .anonymous: throw .unauthenticated(.noCredentials)
        case .known(_, let role): guard access.accepts(role) else { throw .forbidden("Its role is \(role.rawValue)") }
        }
        return authentication
    }
}

/// Finds out who sends a request.
public protocol Authenticator: Sendable {
    /// - Throws: where the request has credentials and they are not valid.
    func authenticate(_ request: HTTPRequest) async throws(RequestError) -> Authentication
}

/// Limits how often requests come.
public protocol RateLimiting: Sendable {
    /// - Throws: ``RequestError/tooManyRequests(retryAfter:)``
    func check(address: String) async throws(RequestError)
    /// - Throws: ``RequestError/tooManyRequests(retryAfter:)``
    func check(subject: String, role: AccessRole) async throws(RequestError)
}

/// Who sends a request, and how another role is told.
public struct Authentication: Sendable {
    public let principal: Principal
    /// The token with which the request is forwarded.
    public let token: String?

    public init(principal: Principal, token: String? = nil) {
        self.principal = principal
        self.token = token
    }
}
