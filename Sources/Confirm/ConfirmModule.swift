public import Contracts
public import HTTPServer
public import Messaging
public import Redis

/// Confirm put together: what it serves and applies.
public struct ConfirmModule: Sendable {
    public let routes: any Routes

    public init(redis: RedisClient, partitions: Partitions) {
        routes = AdmissionRoutes(
            service: AdmissionService(store: RedisAdmissionStore(client: redis)), partitions: partitions)
    }

    /// The event handler on a connection of its consumer.
    public static func eventHandler(on connection: any RedisSender, now: @escaping CurrentTime) -> any EventHandler {
        ConfirmEventHandler(service: AdmissionService(store: RedisAdmissionStore(client: connection)), now: now)
    }
}
