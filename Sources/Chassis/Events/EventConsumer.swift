public import Contracts
import Logging
public import Redis
import ServiceLifecycle

/// Hears one partition's events for one room: reads, lets the room apply, acknowledges.
///
/// Whatever breaks the connection drops the batch in hand unacknowledged; it is read again as pending. Whatever time may mend is
/// tried again in place and never becomes a dead letter.
struct EventConsumer: Sendable {
    let room: Room
    let partition: String
    let configuration: ConsumerConfiguration
    let logger: Logger

    func run() async {
        // Only what the last process with this name left behind can be what killed it.
        var isUncleanStart = true
        let inHand = AloneInHand()
        var failures = 0
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            do throws(RedisError) {
                try await session(isUncleanStart: &isUncleanStart, inHand: inHand, onHealthy: { failures = 0 })
            } catch {
                failures += 1
                let level: Logger.Level = failures == 1 ? .warning : .debug
                logger.log(level: level, "consumer lost its connection, trying again", metadata: ["reason": "\(error)"])
                try? await Task.sleep(for: Backoff.pause(attempt: failures, from: .milliseconds(20), to: .milliseconds(500)))
            }
        }
    }

    /// One connection's life. Returns when the process shuts down, after the batch in hand is done.
    private func session(
        isUncleanStart: inout Bool, inHand: AloneInHand, onHealthy: () -> Void
    ) async throws(RedisError) {
        let connection = try await configuration.events.dedicatedConnection()
        defer { connection.close() }
        // The store's connection lives as long: a store that comes back with an older day's data is looked at anew.
        let ownStore: RedisConnection? =
            if let store = configuration.store { try await store.dedicatedConnection() } else { nil }
        defer { ownStore?.close() }
        let group = ConsumerGroup(
            room: room, partition: partition, consumer: configuration.consumer, connection: connection,
            store: ownStore ?? connection, hasOwnStore: ownStore != nil)
        try await group.prepare()
        onHealthy()
        let handler = configuration.handler(ownStore ?? connection)
        var work = BatchWorker(group: group, handler: handler, inHand: inHand, logger: logger)
        try await work.recover(oneByOne: isUncleanStart)
        isUncleanStart = false
        var revival = LetterRevival(group.deadLetters, handler: handler, logger: logger)

        var nextTakeOver = ContinuousClock.now
        var nextProgress = ContinuousClock.now
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            guard group.isConnected else { throw .unreachable("the connection closed") }
            if .now >= nextTakeOver {
                try await work.takeOver(idle: ConsumerConfiguration.takeOverAfter)
                nextTakeOver = .now + ConsumerConfiguration.takeOverEvery
            }
            try await work.retryDue()
            try await revival.step()
            try await work.applyNew(gather: configuration.gather, until: revival.due)
            if work.hasProgress, .now >= nextProgress {
                try await group.recordProgress()
                work.hasProgress = false
                nextProgress = .now + ConsumerConfiguration.progressEvery
            }
        }
        try await group.recordProgress()
        try await group.leave()
    }
}

/// What all partitions' consumers of a room have in common.
public struct ConsumerConfiguration: Sendable {
    /// Where the streams are.
    let events: RedisClient
    /// The room's own server, if it is another one.
    let store: RedisClient?
    /// `<role>-<INSTANCE_ID>`.
    let consumer: String
    /// How long to wait after a read for what belongs to it.
    let gather: Duration
    /// Makes the room's ear; it applies on the connection that the batch was read from, or on that to the room's own server.
    let handler: @Sendable (RedisConnection) -> any EventHandler

    /// Most entries of one batch.
    static let batchLimit = 256
    /// A dead consumer's messages are taken over within 5 s: idle for 3, looked for every second.
    static let takeOverAfter = Duration.seconds(3)
    static let takeOverEvery = Duration.seconds(1)
    static let progressEvery = Duration.seconds(1)
    /// A message that killed its process so often while alone in hand is a dead letter.
    static let fatalAttempts = 5

    public init(
        events: RedisClient, store: RedisClient?, consumer: String, gather: Duration = .zero,
        handler: @escaping @Sendable (RedisConnection) -> any EventHandler
    ) {
        self.events = events
        self.store = store
        self.consumer = consumer
        self.gather = gather
        self.handler = handler
    }
}
