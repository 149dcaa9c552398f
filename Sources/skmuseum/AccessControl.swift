import Authentication
import Contracts
import HTTPServer
import Logging
import Messaging
import Platform
import Redis
import Scripts
import ServiceLifecycle

/// Who may send requests to the ports of one process, and with which tokens its roles call those of other processes.
struct AccessControl: Sendable {
    /// What a service's own port lets in.
    let policy: AccessPolicy
    let tokens: ServiceTokens
    /// What reads keys while the process runs.
    let services: [any Service]

    private let settings: AccessSettings
    private let redis: RedisClient
    private let now: CurrentTime
    private let keys: VerificationKeys
    private let verifier: TokenVerifier?

    /// - Parameters:
    ///   - host: where the ports are.
    ///   - roles: those of the process. Museum's makes the secret of the tokens between services.
    init(
        _ settings: AccessSettings, host: String, roles: Set<Role>, redis: RedisClient, now: @escaping CurrentTime, logger: Logger
    ) {
        self.settings = settings
        self.redis = redis
        self.now = now
        let seconds: @Sendable () -> Double = { Double(now()) / 1000 }
        let secret = DeploymentSecret(redis, key: Keys.serviceSecret, mayCreate: roles.contains(.museum), logger: logger)
        tokens = ServiceTokens(secret: { () async throws(Failure) in try await secret.bytes() }, now: seconds)
        keys = VerificationKeys(
            secrets: settings.currentSecrets,
            source: settings.keySet.map { location in
                switch location {
                case .file(let path): .file(path)
                case .url(let url): .url(url, issuer: settings.issuer)
                }
            }, services: tokens, logger: logger)
        let verifier = TokenVerifier(keys: keys, rules: settings.rules, now: seconds)
        var policy = AccessPolicy()
        // It may listen on another loopback address than the usual ones, such as 127.0.0.2.
        if !settings.hasKeys, settings.isProtectedModeOn { policy.hosts = AccessPolicy.loopbackHosts.union([host]) }
        policy.authenticator = settings.hasKeys ? BearerAuthenticator(verifier) : ForwardedSessionAuthenticator(verifier)
        self.policy = policy
        self.verifier = settings.hasKeys ? verifier : nil
        services = settings.hasKeys ? [secret, keys] : [secret]
    }

    /// Reads the keys for the first time.
    func prepare() async { if settings.hasKeys { await keys.prepare() } }

    /// The token with which a role calls another; `nil` where none is asked for.
    func token(of role: Role, as accessRole: AccessRole = .service) -> @Sendable () async -> String? {
        guard settings.hasKeys else { return { nil } }
        // Without a token the other role refuses the call, and the caller says so.
        return { [tokens] in try? await tokens.token(subject: role.rawValue, role: accessRole) }
    }

    /// The gateway's sessions, and what its port lets in: also browsers with a session, and no more than the limits allow.
    func ofGateway(bookers: any BookerDirectory) -> (routes: any Routes, policy: AccessPolicy) {
        let limiter = RateLimiter(
            redis: redis, perSubject: settings.rateLimit, perAddress: settings.addressRateLimit, now: now)
        let sessions = SessionModule(
            redis: redis, verifier: verifier, services: tokens, bookers: bookers, limiter: limiter, now: now)
        var policy = policy
        policy.authenticator = sessions.authenticator
        policy.trustedProxies = settings.trustedProxies
        if settings.rateLimit != nil || settings.addressRateLimit != nil { policy.rateLimiter = limiter }
        if !settings.origins.isEmpty { policy.crossOrigin = CrossOrigin(origins: settings.origins) }
        return (sessions.routes, policy)
    }
}

extension AccessSettings {
    var rules: AuthenticationRules {
        AuthenticationRules(issuer: issuer, audience: audience, roleClaim: roleClaim, subjectClaim: subjectClaim)
    }
}
