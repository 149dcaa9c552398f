public import Chassis
public import Contracts
public import Redis
import Scripts

/// The MyPage room put together: what it serves and hears.
public struct MyPageRoom: Sendable {
    public let routes: PageRoutes

    /// - Parameter store: MyPage's own server, or the common one.
    public init(store: RedisClient, partitions: Partitions) {
        routes = PageRoutes(
            store: RedisPageStore(client: store), list: PageList(client: store), partitions: partitions)
    }

    /// The room's ear, writing to the server where the read model is.
    public static func events(_ store: any RedisSender) -> any EventHandler {
        MyPageEvents(store: RedisPageStore(client: store))
    }

    /// The same ear, writing the read model that is being built beside the live one.
    public static func rebuild(_ store: any RedisSender) -> any EventHandler {
        MyPageEvents(store: RedisPageStore(client: store) { Keys(partition: $0).rebuilt })
    }
}
