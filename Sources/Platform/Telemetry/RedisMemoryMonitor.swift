public import Logging
import Metrics
public import Redis
public import ServiceLifecycle

/// Exports the memory use of each primary, and logs one warning when one is nearly full. A full server refuses writes; it evicts
/// nothing.
public struct RedisMemoryMonitor: Service {
    private let redis: RedisClient
    private let every: Duration
    private let logger: Logger
    private let labels: [(String, String)]

    /// The fraction of the limit above which a server is nearly full.
    static let threshold = 0.8
    /// Below which part it is no longer nearly full. In between nothing changes: buffers come and go.
    static let recoveryThreshold = 0.75

    /// - Parameter server: set for a server beside the one of the events, as a label of its gauges.
    public init(_ redis: RedisClient, server: String? = nil, every: Duration = .seconds(5), logger: Logger) {
        self.redis = redis
        self.every = every
        self.logger = logger
        labels = server.map { [("server", $0)] } ?? []
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var nearlyFull: Set<String> = []
            var known: Set<String> = []
            var log = FailureLog(logger, failing: "redis memory can't be read", recovered: "redis memory can be read again")
            while !Task.isCancelled {
                var failure: RedisError?
                let replies = await redis.sendToEachPrimary(Command("INFO", "memory"))
                for (address, reply) in replies {
                    do throws(RedisError) {
                        try report(RedisMemory(info: try reply.get().asText()), of: address, &nearlyFull)
                    } catch {
                        failure = error
                    }
                }
                if let failure {
                    log.failed(failure)
                } else {
                    forget(known.subtracting(replies.map(\.address)), &nearlyFull)
                    known = Set(replies.map(\.address))
                    log.succeeded()
                }
                try? await Task.sleep(for: every)
            }
        }
    }

    /// Others are primaries now.
    private func forget(_ former: Set<String>, _ nearlyFull: inout Set<String>) {
        for address in former {
            record(0, 0, of: address)
            nearlyFull.remove(address)
        }
    }

    private func record(_ used: Int, _ limit: Int, of address: String) {
        let labels = labels + (redis.endpoint.topology == .cluster ? [("node", address)] : [])
        Gauge(label: "skmuseum_redis_memory_used_bytes", dimensions: labels).record(used)
        Gauge(label: "skmuseum_redis_memory_limit_bytes", dimensions: labels).record(limit)
    }

    private func report(_ memory: RedisMemory, of address: String, _ nearlyFull: inout Set<String>) {
        record(memory.used, memory.limit, of: address)
        let wasNearlyFull = nearlyFull.contains(address)
        let threshold = wasNearlyFull ? Self.recoveryThreshold : Self.threshold
        let isNearlyFull = Double(memory.used) > Double(memory.limit) * threshold
        if isNearlyFull == wasNearlyFull { return }
        if isNearlyFull { nearlyFull.insert(address) } else { nearlyFull.remove(address) }
        let metadata: Logger.Metadata = [
            "address": "\(address)", "usedBytes": "\(memory.used)", "limitBytes": "\(memory.limit)",
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
