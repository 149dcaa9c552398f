public import Contracts
public import HTTPServer
public import Logging
public import Messaging
public import Redis
import Scripts
public import ServiceLifecycle

/// MyPage put together: what it serves and applies.
public struct MyPageModule: Sendable {
    public let routes: any Routes

    /// Reads for all who watch rows.
    public let live: any Service

    /// - Parameters:
    ///   - store: MyPage's own server, or the common one.
    ///   - events: where the events are.
    public init(store: RedisClient, events: RedisClient, partitions: Partitions, logger: Logger) {
        let rows = RedisMyPageStore(client: store)
        let live = LiveReader(
            RedisMyPageSource(events: events, store: rows, partitions: partitions), feed: LiveFeed(service: "mypage"),
            logger: logger)
        self.live = live
        routes = MyPageRoutes(service: MyPageService(store: rows), partitions: partitions, live: live)
    }

    /// The event handler, writing to the server where the read model is.
    public static func eventHandler(on store: any RedisSender) -> any EventHandler {
        MyPageEventHandler(service: MyPageService(store: RedisMyPageStore(client: store)))
    }

    /// The same event handler, writing the read model that is being built beside the live one.
    public static func rebuildHandler(on store: any RedisSender) -> any EventHandler {
        MyPageEventHandler(service: MyPageService(store: RedisMyPageStore(client: store) { Keys(partition: $0).rebuilt }))
    }
}
