public import Contracts
public import Logging
public import Redis
import Scripts
public import ServiceLifecycle
import Synchronization

/// The partitions in use, looked up every two seconds: new ones are served without a restart.
public final class Partitions: Service, PartitionDirectory {
    private let client: RedisClient
    private let known = Mutex<Set<String>>([])
    private let hasLooked = Mutex(false)

    private let logger: Logger

    public init(_ client: RedisClient, logger: Logger = Logger(label: "skmuseum")) {
        self.client = client
        self.logger = logger
    }

    /// Those known so far, in order: `a`, `b`, … `aa`.
    public var all: [String] { known.withLock { $0 }.sorted { ($0.count, $0) < ($1.count, $1) } }

    /// The partitions in use, as Redis has them now. If Redis can't be reached: those that this process knows.
    public func inUse() async throws(Failure) -> [String] {
        do throws(Failure) {
            try await refresh()
        } catch {
            guard hasLooked.withLock({ $0 }) else { throw error }
        }
        return all
    }

    /// Takes note of a partition that has just come into use.
    public func note(_ partition: String) { known.withLock { _ = $0.insert(partition) } }

    /// Whether the partition is in use; asks Redis if this process does not know it yet.
    public func contains(_ partition: String) async throws(Failure) -> Bool {
        if known.withLock({ $0.contains(partition) }) { return true }
        do throws(RedisError) {
            guard try await client.send("SISMEMBER", Keys.partitions, partition).asInteger() == 1 else { return false }
        } catch {
            throw Failure(reading: error)
        }
        note(partition)
        return true
    }

    /// Looks them up now.
    public func refresh() async throws(Failure) {
        do throws(RedisError) {
            try await look()
        } catch {
            throw Failure(reading: error)
        }
    }

    private func look() async throws(RedisError) {
        let names = try await client.send("SMEMBERS", Keys.partitions).asTexts()
        known.withLock { $0.formUnion(names) }
        hasLooked.withLock { $0 = true }
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var log = FailureLog(
                self.logger, failing: "partitions can't be read", recovered: "partitions can be read again")
            while !Task.isCancelled {
                do throws(RedisError) {
                    try await self.look()
                    log.succeeded()
                } catch {
                    log.failed(error)
                }
                try? await Task.sleep(for: .seconds(2))
            }
        }
    }
}
