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
    /// What a role's port lets in.
    let policy: AccessPolicy
    /// `nil`: no keys are configured, and no role asks another for a token.
    let tokens: ServiceTokens?
    /// What reads keys while the process runs.
    let services: [any Service]
    private let keys: VerificationKeys?

    /// - Parameter roles: those of the process. Museum's makes the secret of the tokens between services.
    init(_ settings: AccessSettings, roles: Set<Role>, redis: RedisClient, now: @escaping CurrentTime, logger: Logger) {
        var policy = AccessPolicy()
        guard settings.hasKeys else {
            policy.requiresLoopbackHost = settings.isProtectedModeOn
            self.policy = policy
            tokens = nil
            services = []
            keys = nil
            return
        }
        let seconds: @Sendable () -> Double = { Double(now()) / 1000 }
        let secret = DeploymentSecret(redis, key: Keys.serviceSecret, mayCreate: roles.contains(.museum), logger: logger)
        let tokens = ServiceTokens(secret: { () async throws(Failure) in try await secret.bytes() }, now: seconds)
        let keys = VerificationKeys(
            secrets: settings.currentSecrets,
            source: settings.keySet.map { location in
                switch location {
                case .file(let path): .file(path)
                case .url(let url): .url(url, issuer: settings.issuer)
                }
            }, services: tokens, logger: logger)
        policy.authenticator = BearerAuthenticator(TokenVerifier(keys: keys, rules: settings.rules, now: seconds))
        self.policy = policy
        self.tokens = tokens
        services = [secret, keys]
        self.keys = keys
    }

    /// Reads the keys for the first time.
    func prepare() async { await keys?.prepare() }

    /// The token with which a role calls another; `nil` where none is needed.
    func token(of role: Role) -> @Sendable () async -> String? {
        { [tokens] in try? await tokens?.token(subject: role.rawValue, role: .service) }
    }
}

extension AccessSettings {
    var rules: AuthenticationRules {
        AuthenticationRules(issuer: issuer, audience: audience, roleClaim: roleClaim, subjectClaim: subjectClaim)
    }
}
