public import Contracts
public import HTTPServer
public import Messaging
public import Redis
import Scripts

/// MyPage put together: what it serves and applies.
public struct MyPageModule: Sendable {
    public let routes: any Routes

    /// - Parameter store: MyPage's own server, or the common one.
    public init(store: RedisClient, partitions: Partitions) {
        routes = MyPageRoutes(service: MyPageService(store: RedisMyPageStore(client: store)), partitions: partitions)
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
