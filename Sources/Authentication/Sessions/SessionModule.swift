public import Contracts
public import HTTPServer
public import Redis

/// Sessions put together: what they serve, and who a request with one is from.
public struct SessionModule: Sendable {
    public let routes: any Routes
    public let authenticator: any Authenticator

    /// - Parameters:
    ///   - verifier: `nil` where no keys are configured.
    ///   - guests: where a returning guest's booking is looked up.
    public init(
        redis: RedisClient, verifier: TokenVerifier?, services: ServiceTokens, bookers: any BookerDirectory, limiter: RateLimiter,
        now: @escaping CurrentTime
    ) {
        let sessions = SessionStore(redis: redis, now: now)
        routes = SessionRoutes(sessions: sessions, verifier: verifier, bookers: bookers, limiter: limiter, now: now)
        authenticator = SessionAuthenticator(
            tokens: verifier.map { BearerAuthenticator($0) }, sessions: sessions, services: services)
    }
}
