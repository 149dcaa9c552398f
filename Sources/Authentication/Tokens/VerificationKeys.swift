import HTTPServer
import JWTKit
public import Logging
public import ServiceLifecycle
import Synchronization

/// The keys that tokens are checked with: the deployment's secrets, an identity provider's key set, and the secret of the
/// tokens between services. Read at start, and again as they may change.
public final class VerificationKeys: Service {
    private struct State {
        var secrets: [VerificationKey] = []
        /// `nil`: never read.
        var set: [VerificationKey]?
        var generation = 0
        /// When the set was last asked for.
        var askedAt: ContinuousClock.Instant?
        /// When it was last asked for because of a token with an unknown key.
        var askedForUnknownKeyAt: ContinuousClock.Instant?
        var isFailing = false
        /// A read of the set under way.
        var reading: Task<Void, Never>?
    }

    private let secrets: @Sendable () -> [[UInt8]]
    private let source: KeySetSource?
    private let services: ServiceTokens
    private let logger: Logger
    private let state = Mutex(State())

    private static let providerAlgorithms = ["RS256", "ES256", "EdDSA"]
    /// How often files are looked at, and a set is asked for that could not be read yet.
    private static let checkEvery = Duration.seconds(5)
    /// Somebody who sends tokens with keys of their own must not make this process flood the provider.
    private static let unknownKeyEvery = Duration.seconds(60)

    /// - Parameters:
    ///   - secrets: reads those of HS256, the newest first; none where none are configured. A file is read each time.
    ///   - source: where the key set is; `nil` where none is configured.
    public init(
        secrets: @escaping @Sendable () -> [[UInt8]], source: KeySetSource?, services: ServiceTokens, logger: Logger
    ) {
        self.secrets = secrets
        self.source = source
        self.services = services
        self.logger = logger
    }

    /// Changes with the keys.
    var generation: Int { state.withLock { $0.generation } }

    /// The keys that a token may be signed with.
    /// - Parameter id: the token's key id; `nil` if it names none.
    /// - Throws: ``RequestError/keysUnavailable``
    func candidates(algorithm: String, id: String?) async throws(RequestError) -> [VerificationKey] {
        if algorithm == "HS256" {
            guard id == TokenIssuer.keyIDOfServices else { return state.withLock { $0.secrets } }
            guard let key = await services.key() else { throw .keysUnavailable }
            return [key]
        }
        guard source != nil, Self.providerAlgorithms.contains(algorithm) else { return [] }
        if state.withLock({ $0.set == nil }) { _ = await readAgain(for: algorithm) }
        guard let found = matching(algorithm, id) else { throw .keysUnavailable }
        return found
    }

    /// Asks for the key set again where a token is signed with none of its keys: the provider may have begun to use another.
    /// Many tokens need not name their key, so an unknown id is no condition.
    /// - Returns: whether it was asked for. It is not within a minute of the last time.
    func readAgain(for algorithm: String) async -> Bool {
        guard source != nil, Self.providerAlgorithms.contains(algorithm), mayAsk() else { return false }
        await read()
        return true
    }

    private func matching(_ algorithm: String, _ id: String?) -> [VerificationKey]? {
        state.withLock { state in
            state.set?.filter { $0.algorithm.name == algorithm && (id == nil || $0.id == nil || $0.id == id) }
        }
    }

    /// Whether a token with an unknown key causes a read.
    private func mayAsk() -> Bool {
        state.withLock { state in
            if state.reading != nil { return true }
            let isDue = { (last: ContinuousClock.Instant?, pause: Duration) in last.map { .now - $0 >= pause } ?? true }
            if state.set == nil { return isDue(state.askedAt, Self.checkEvery) }
            guard isDue(state.askedForUnknownKeyAt, Self.unknownKeyEvery) else { return false }
            state.askedForUnknownKeyAt = .now
            return true
        }
    }

    /// Reads the key set. Many callers at once cause one read.
    private func read() async {
        let reading = state.withLock { state in
            if let reading = state.reading { return reading }
            state.askedAt = .now
            let reading = Task { await self.readOnce() }
            state.reading = reading
            return reading
        }
        await reading.value
    }

    private func readOnce() async {
        guard let source else { return }
        let result: Result<[VerificationKey], any Error>
        do {
            result = .success(try await VerificationKey.set(try await source.read()))
        } catch {
            result = .failure(error)
        }
        let begins = state.withLock { state in
            state.reading = nil
            switch result {
            case .success(let keys):
                state.set = keys
                state.generation += 1
                state.isFailing = false
                return false
            case .failure:
                // The last good keys stay.
                defer { state.isFailing = true }
                return !state.isFailing
            }
        }
        if begins, case .failure(let error) = result {
            logger.warning("key set can't be read", metadata: ["source": "\(source)", "reason": "\(error)"])
        }
    }

    private func readSecrets() async {
        var keys: [VerificationKey] = []
        for secret in secrets() {
            if let key = await VerificationKey.secret(secret) { keys.append(key) }
        }
        // A file that can't be read for a moment changes nothing.
        guard !keys.isEmpty else { return }
        state.withLock { state in
            state.secrets = keys
            state.generation += 1
        }
    }

    /// Reads all keys for the first time.
    public func prepare() async {
        await readSecrets()
        if source != nil { await read() }
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var known = self.secrets()
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.checkEvery)
                let secrets = self.secrets()
                if secrets != known {
                    known = secrets
                    await self.readSecrets()
                }
                if let source = self.source, self.isDue(source) { await self.read() }
            }
        }
    }

    private func isDue(_ source: KeySetSource) -> Bool {
        state.withLock { state in
            guard state.set != nil, !state.isFailing, let askedAt = state.askedAt else { return true }
            return .now - askedAt >= source.refreshEvery
        }
    }
}
