public import Logging
import Synchronization

/// Sends writes and returns their replies once a replica has them.
///
/// Commands for one hash tag share a lane with a connection of its own. Those that come while a flush is under way go together with
/// the next. A flush is the commands, a fence write in the same slot, and WAIT. If no replica confirms in time, the outcome of every
/// command that succeeded is unknown. Error replies stay as they are.
public final class ReplicatedSender: RedisSender {
    /// How long a replica may take to confirm. A second try must fit into the time that a reservation has, 1 s.
    public static let waitTimeout = Duration.milliseconds(200)
    /// Most lanes. There are at most 64 partitions; above it, a lane that nobody waits for is closed for the new one.
    static let lanesLimit = 64

    private let client: RedisClient
    private let service: String
    private let commandTimeout: Duration
    private let waitTimeout: Duration
    private let observer: Observer
    private let lanes = Mutex<[String: ReplicationLane]>([:])

    /// What is reported of each flush.
    struct Observer: Sendable {
        let onFlush: @Sendable (_ duration: Duration, _ isConfirmed: Bool) -> Void
        private let log: LockedLog

        init(logger: Logger, onFlush: @escaping @Sendable (Duration, Bool) -> Void) {
            self.onFlush = onFlush
            log = LockedLog(logger)
        }

        /// - Parameter failure: why no replica has confirmed it.
        func flushed(in duration: Duration, failure: RedisError?) {
            onFlush(duration, failure == nil)
            log.note(failure)
        }
    }

    /// - Parameters:
    ///   - client: reads, and where the lanes' connections are made.
    ///   - service: whose keys the fences are: `<service>:{tag}:fence`.
    ///   - commandTimeout: as that of the client. A call ends after this and `waitTimeout` together, or after the
    ///     time in which the client tries again what was not applied, if that is longer.
    ///   - onFlush: called with the time from sending a flush to the reply of WAIT, and whether a replica has confirmed it.
    public init(
        _ client: RedisClient, service: String, commandTimeout: Duration = .milliseconds(500),
        waitTimeout: Duration = ReplicatedSender.waitTimeout, logger: Logger,
        onFlush: @escaping @Sendable (_ duration: Duration, _ isConfirmed: Bool) -> Void = { _, _ in }
    ) {
        self.client = client
        self.service = service
        self.commandTimeout = commandTimeout
        self.waitTimeout = waitTimeout
        observer = Observer(logger: logger, onFlush: onFlush)
    }

    public func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        if commands.isEmpty { return [] }
        let tags = commands.map { $0.key.map { String(HashSlot.tag(of: $0)) ?? $0 } }
        // All commands of nearly every call have the same tag.
        if let tag = tags[0], tags.allSatisfy({ $0 == tag }) { return await send(commands, to: tag) }
        var results: [Result<Reply, RedisError>?] = commands.map { _ in nil }
        await withTaskGroup(of: (places: [Int], results: [Result<Reply, RedisError>]).self) { group in
            for (tag, places) in Dictionary(grouping: commands.indices, by: { tags[$0] }) {
                let own = places.map { commands[$0] }
                group.addTask { (places, await self.send(own, to: tag)) }
            }
            for await part in group {
                for (place, result) in zip(part.places, part.results) { results[place] = result }
            }
        }
        return results.map { $0 ?? .failure(.unexpected("a command has no reply")) }
    }

    /// - Parameter tag: `nil`: a command without a key writes nothing.
    private func send(_ commands: [Command], to tag: String?) async -> [Result<Reply, RedisError>] {
        guard let tag else { return await client.sendOnce(commands) }
        guard let lane = lane(for: tag) else { return commands.map { _ in .failure(.busy("too many hash tags are in use")) } }
        return await lane.send(commands)
    }

    private func lane(for tag: String) -> ReplicationLane? {
        lanes.withLock { lanes in
            if let lane = lanes[tag] { return lane }
            if lanes.count >= Self.lanesLimit {
                guard let idle = lanes.first(where: { $0.value.retireIfIdle() }) else { return nil }
                lanes[idle.key] = nil
            }
            let fence = "\(service):{\(tag)}:fence"
            let lane = ReplicationLane(
                fence: Command("SET", fence, "1"), callTimeout: max(commandTimeout + waitTimeout, client.retryTimeout),
                waitTimeout: waitTimeout, observer: observer
            ) { [client] () async throws(RedisError) in
                try await client.dedicatedConnection(for: fence)
            }
            lanes[tag] = lane
            return lane
        }
    }

    /// Closes every connection. A later command opens them again.
    public func close() {
        for lane in lanes.withLock({ Array($0.values) }) { lane.close() }
    }
}

/// Logs the first flush that no replica confirms, and the recovery.
private final class LockedLog: Sendable {
    private let log: Mutex<FailureLog>
    private let isFailing = Atomic(false)

    init(_ logger: Logger) {
        log = Mutex(
            FailureLog(logger, failing: "no replica confirms writes", recovered: "a replica confirms writes again"))
    }

    func note(_ failure: RedisError?) {
        if let failure {
            isFailing.store(true, ordering: .relaxed)
            log.withLock { $0.failed(failure) }
        } else if isFailing.exchange(false, ordering: .relaxed) {
            log.withLock { $0.succeeded() }
        }
    }
}
