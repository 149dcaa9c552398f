public import Contracts
public import Logging
public import Redis
public import Scripts
public import ServiceLifecycle
import Synchronization

/// 32 random bytes that a deployment makes once and keeps in Redis. There are two: keyed booking ids and the marks of forgotten
/// visitors are HMACs under the one, so that a list of names can't be tried against them; the other signs the tokens that roles
/// send each other. Never in logs, events or responses.
///
/// Each process keeps a copy and reads it again every few seconds: after a restore all processes follow what Redis has, and a
/// secret that was deleted is written again from such a copy.
public final class DeploymentSecret: Service {
    private struct Copy {
        let text: String
        let bytes: [UInt8]
        let readAt: ContinuousClock.Instant
    }

    private let client: any RedisSender
    private let key: String
    private let mayCreate: Bool
    private let logger: Logger
    private let refreshEvery: Duration
    private let copy = Mutex<Copy?>(nil)

    /// - Parameter mayCreate: whether this process writes one where there is none.
    public init(
        _ client: any RedisSender, key: String = Keys.deploymentSecret, mayCreate: Bool = true,
        refreshEvery: Duration = .seconds(3), logger: Logger
    ) {
        self.client = client
        self.key = key
        self.mayCreate = mayCreate
        self.refreshEvery = refreshEvery
        self.logger = logger
    }

    /// The secret, 32 bytes. The copy of this process if it is younger than three refresh intervals, else read from Redis.
    public func bytes() async throws(Failure) -> [UInt8] {
        if let copy = copy.withLock({ $0 }), .now - copy.readAt < refreshEvery * 3 { return copy.bytes }
        return try await refresh()
    }

    /// Reads the secret; writes one where there is none and the process may.
    @discardableResult
    public func refresh() async throws(Failure) -> [UInt8] {
        do throws(RedisError) {
            if let text = try await client.send("GET", key).asOptionalText() { return try keep(text) }
            guard mayCreate else { throw .unexpected("\(key) is not there; a process with the role museum writes it") }
            let proposal = copy.withLock { $0?.text } ?? Self.random()
            let results = await client.send([
                Command("SET", key, proposal, "NX"), Command("GET", key),
            ])
            _ = try results[0].get()
            // Of several processes that find none, the first one's stands.
            return try keep(try results[1].get().asText())
        } catch {
            throw Failure(reading: error)
        }
    }

    private func keep(_ text: String) throws(RedisError) -> [UInt8] {
        guard let bytes = Self.decode(text) else {
            throw .unexpected("\(key) must be 64 hexadecimal digits")
        }
        copy.withLock { $0 = Copy(text: text, bytes: bytes, readAt: .now) }
        return bytes
    }

    private static func random() -> String {
        (0..<32).map { _ in
            let hex = String(UInt8.random(in: .min ... .max), radix: 16)
            return hex.count == 1 ? "0" + hex : hex
        }.joined()
    }

    private static func decode(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64, text.utf8.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var isFailing = false
            while !Task.isCancelled {
                do throws(Failure) {
                    try await self.refresh()
                    isFailing = false
                } catch {
                    if !isFailing {
                        self.logger.warning(
                            "deployment secret can't be read", metadata: ["key": "\(self.key)", "reason": "\(error)"])
                    }
                    isFailing = true
                }
                try? await Task.sleep(for: self.refreshEvery)
            }
        }
    }
}
