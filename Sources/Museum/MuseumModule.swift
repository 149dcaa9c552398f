public import Contracts
public import Foundation
public import HTTPServer
public import Logging
public import Messaging
public import Redis
public import ServiceLifecycle

/// Museum put together: what it serves, applies and does in the background.
public struct MuseumModule: Sendable {
    public let routes: any Routes
    /// Between services only; not on the gateway.
    public let internalRoutes: any Routes
    /// For Book in the same process.
    public let seats: SeatReservationService
    public let revocation: SeatRevocationWorker
    /// Reads for all who watch exhibitions.
    public let live: any Service
    /// The museum's own date and time of day.
    public let localClock: LocalClock

    /// - Parameters:
    ///   - writes: what reserves, registers, edits and deletes; `redis`, or what waits for a replica.
    ///   - newPartitions: over how many partitions new exhibitions are distributed, 1 to 64.
    public init(
        redis: RedisClient, writes: any RedisSender, partitions: Partitions, newPartitions: Int, timeZone: TimeZone,
        now: @escaping CurrentTime,
        logger: Logger
    ) {
        let signal = RevocationSignal()
        localClock = LocalClock(timeZone)
        seats = SeatReservationService(store: RedisSeatStore(client: writes))
        let store = RedisExhibitionStore(client: redis, writes: writes)
        let live = LiveReader(
            RedisExhibitionSource(redis: redis, store: store, partitions: partitions), feed: LiveFeed(service: "museum"),
            logger: logger)
        self.live = live
        routes = ExhibitionRoutes(
            service: ExhibitionService(
                store: store, partitions: partitions,
                choice: PartitionChoice(names: (0..<newPartitions).map(Partition.name), pick: { Int.random(in: 0..<$0) }),
                revocation: signal),
            partitions: partitions, live: live)
        internalRoutes = ReservationRoutes(service: seats, localClock: localClock)
        revocation = SeatRevocationWorker(
            redis: redis, partitions: partitions, signal: signal, now: now, logger: logger)
    }

    /// The event handler on a connection of its consumer.
    public static func eventHandler(on connection: any RedisSender, now: @escaping CurrentTime) -> any EventHandler {
        MuseumEventHandler(service: SeatReservationService(store: RedisSeatStore(client: connection)), now: now)
    }
}
