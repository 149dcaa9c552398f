public import Contracts
public import Redis

/// What all partitions' consumers of a service have in common.
public struct ConsumerConfiguration: Sendable {
    /// Where the streams are.
    let events: RedisClient
    /// The service's own server, if it is another one.
    let store: RedisClient?
    /// `<role>-<INSTANCE_ID>`.
    let consumer: String
    /// The least time between the arrival of an event and its application. Book sets 3 ms, so that its own request usually
    /// records the booking first.
    let settling: Duration
    /// Whether spans of applied events are recorded. If not, what an event causes carries the event's own trace context.
    let isTracing: Bool
    /// Called when a session has begun for a partition: at the start, and after a lost connection.
    let onSession: @Sendable (_ partition: String, _ hasLostEvents: Bool) -> Void
    /// Another consumer that has been idle for so long with nothing pending is removed from the group.
    var removeAfter = Duration.seconds(3600)
    /// Makes the service's event handler. It writes on the connection that the batch was read from, or on that to the
    /// service's own server.
    let handler: @Sendable (any RedisSender) -> any EventHandler

    /// Most entries of one batch.
    static let batchLimit = 256
    /// The longest that a read waits for new entries.
    static let longestBlock = Duration.seconds(5)
    /// The same where entries are acknowledged with the read, since only its end tells whether they are.
    static let acknowledgingBlock = Duration.milliseconds(100)
    /// A dead consumer's messages are claimed within 5 s: idle for 2.5, looked for every 2.
    static let claimAfter = Duration.milliseconds(2500)
    static let claimEvery = Duration.seconds(2)
    static let progressEvery = Duration.seconds(1)
    /// How often the stored dead letters are counted.
    static let measureEvery = Duration.seconds(10)
    /// A session that has run this long without an error counts as successful, also if it has acknowledged nothing.
    static let steadyAfter = Duration.seconds(1)
    /// An event during whose single processing the process died this often is dead-lettered.
    static let fatalAttempts = 5

    public init(
        events: RedisClient, store: RedisClient?, consumer: String, settling: Duration = .zero, isTracing: Bool = true,
        onSession: @escaping @Sendable (_ partition: String, _ hasLostEvents: Bool) -> Void = { _, _ in },
        handler: @escaping @Sendable (any RedisSender) -> any EventHandler
    ) {
        self.events = events
        self.store = store
        self.consumer = consumer
        self.settling = settling
        self.isTracing = isTracing
        self.onSession = onSession
        self.handler = handler
    }
}
