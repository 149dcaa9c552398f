public import Logging
import Metrics
public import Redis
public import ServiceLifecycle

/// Exports a Redis server's memory use, and logs one warning when it is nearly full. A full server refuses writes; it evicts
/// nothing.
public struct RedisMemoryMonitor: Service {
    private let redis: RedisClient
    private let every: Duration
    private let logger: Logger
    private let used: Gauge
    private let limit: Gauge

    /// The fraction of the limit above which a server is nearly full.
    static let threshold = 0.8
    /// Below which part it is no longer nearly full. In between nothing changes: buffers come and go.
    static let recoveryThreshold = 0.75

    /// - Parameter server: set for a server beside the one of the events, as a label of its gauges.
    public init(_ redis: RedisClient, server: String? = nil, every: Duration = .seconds(5), logger: Logger) {
        self.redis = redis
        self.every = every
        self.logger = logger
        let dimensions = server.map { [("server", $0)] } ?? []
        used = Gauge(label: "skmuseum_redis_memory_used_bytes", dimensions: dimensions)
        limit = Gauge(label: "skmuseum_redis_memory_limit_bytes", dimensions: dimensions)
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var isNearlyFull = false
            var log = FailureLog(logger, failing: "redis memory can't be read", recovered: "redis memory can be read again")
            while !Task.isCancelled {
                do throws(RedisError) {
                    let memory = try RedisMemory(info: try await redis.send("INFO", "memory").asText())
                    used.record(memory.used)
                    limit.record(memory.limit)
                    report(memory, &isNearlyFull)
                    log.succeeded()
                } catch {
                    log.failed(error)
                }
                try? await Task.sleep(for: every)
            }
        }
    }

    private func report(_ memory: RedisMemory, _ isNearlyFull: inout Bool) {
        let wasNearlyFull = isNearlyFull
        let threshold = wasNearlyFull ? Self.recoveryThreshold : Self.threshold
        isNearlyFull = Double(memory.used) > Double(memory.limit) * threshold
        if isNearlyFull == wasNearlyFull { return }
        let metadata: Logger.Metadata = [
            "address": "\(redis.endpoint)", "usedBytes": "\(memory.used)", "limitBytes": "\(memory.limit)",
        ]
        if isNearlyFull {
            logger.warning("redis is nearly full; give it more memory, or purge old exhibitions", metadata: metadata)
        } else {
            logger.warning("redis memory is sufficient again", metadata: metadata)
        }
    }
}

/// What `INFO memory` says, in bytes.
struct RedisMemory: Equatable {
    let used: Int
    /// `maxmemory`, or all that the machine has.
    let limit: Int

    init(info: String) throws(RedisError) {
        var numbers: [Substring: Int] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, let number = Int(parts[1]) { numbers[parts[0]] = number }
        }
        guard let used = numbers["used_memory"], let most = numbers["maxmemory"], let total = numbers["total_system_memory"]
        else { throw .unexpected("INFO memory names no memory") }
        self.used = used
        limit = most > 0 ? most : total
    }
}
