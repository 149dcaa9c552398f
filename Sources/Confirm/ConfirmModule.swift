public import Messaging
public import Contracts
public import Redis

/// The Confirm service put together: what it serves and subscriptions.
public struct ConfirmModule: Sendable {
    public let routes: AdmissionRoutes

    public init(redis: RedisClient, partitions: Partitions) {
        routes = AdmissionRoutes(
            service: AdmissionService(store: RedisAdmissionStore(client: redis)), list: AdmissionList(client: redis),
            partitions: partitions)
    }

    /// The service's event handler on a connection of its consumer.
    public static func events(_ connection: any RedisSender, now: @escaping CurrentTime) -> any EventHandler {
        ConfirmEventHandler(service: AdmissionService(store: RedisAdmissionStore(client: connection)), now: now)
    }
}
