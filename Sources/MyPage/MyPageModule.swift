public import Messaging
public import Contracts
public import Redis
import Scripts

/// The MyPage service put together: what it serves and subscriptions.
public struct MyPageModule: Sendable {
    public let routes: MyPageRoutes

    /// - Parameter store: MyPage's own server, or the common one.
    public init(store: RedisClient, partitions: Partitions) {
        routes = MyPageRoutes(
            store: RedisMyPageStore(client: store), list: MyPageList(client: store), partitions: partitions)
    }

    /// The service's event handler, writing to the server where the read model is.
    public static func events(_ store: any RedisSender) -> any EventHandler {
        MyPageEventHandler(store: RedisMyPageStore(client: store))
    }

    /// The same event handler, writing the read model that is being built beside the live one.
    public static func rebuild(_ store: any RedisSender) -> any EventHandler {
        MyPageEventHandler(store: RedisMyPageStore(client: store) { Keys(partition: $0).rebuilt })
    }
}
