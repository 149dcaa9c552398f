public import Chassis
public import Contracts
public import Redis

/// The Confirm room put together: what it serves and hears.
public struct ConfirmRoom: Sendable {
    public let routes: AdmissionRoutes

    public init(redis: RedisClient, partitions: Partitions) {
        routes = AdmissionRoutes(
            service: AdmissionService(store: RedisAdmissionStore(client: redis)), list: AdmissionList(client: redis),
            partitions: partitions)
    }

    /// The room's ear on a connection of its consumer.
    public static func events(_ connection: any RedisSender, now: @escaping Clock) -> any EventHandler {
        ConfirmEvents(service: AdmissionService(store: RedisAdmissionStore(client: connection)), now: now)
    }
}
