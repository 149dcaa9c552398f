public import Messaging
public import Contracts
public import Foundation
public import Logging
public import Redis

/// The Museum service put together: what it serves, subscriptions and does by itself.
public struct MuseumModule: Sendable {
    /// For other services in the same process.
    public let seats: any SeatStore
    public let routes: ExhibitionRoutes
    public let internalRoutes: ReservationRoutes
    public let revoker: SeatRevocationWorker
    /// The museum's own date and time of day.
    public let localClock: LocalClock

    /// - Parameter newPartitions: over how many partitions new exhibitions are spread.
    public init(
        redis: RedisClient, partitions: Partitions, newPartitions: Int, timeZone: TimeZone, now: @escaping CurrentTime,
        logger: Logger
    ) {
        let seats = RedisSeatStore(client: redis)
        let choice = PartitionChoice(names: (0..<newPartitions).map(Partition.name), pick: { Int.random(in: 0..<$0) })
        let signal = RevocationSignal()
        let recorder = RefusalRecorder(redis)
        self.seats = seats
        routes = ExhibitionRoutes(
            service: ExhibitionService(store: RedisExhibitionStore(client: redis), partitions: choice),
            list: ExhibitionList(client: redis), partitions: partitions, revocation: signal)
        localClock = LocalClock(timeZone)
        internalRoutes = ReservationRoutes(seats: seats, localClock: localClock)
        revoker = SeatRevocationWorker(
            seats: RedisSeatStore(client: recorder), recorder: recorder, partitions: partitions, signal: signal, now: now,
            logger: logger)
    }

    /// The service's event handler on a connection of its consumer.
    public static func events(_ connection: any RedisSender, now: @escaping CurrentTime) -> any EventHandler {
        MuseumEventHandler(seats: RedisSeatStore(client: connection), now: now)
    }
}
