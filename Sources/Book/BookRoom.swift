public import Chassis
public import Contracts
public import Logging
import Metrics
public import Redis

/// The Book room put together: what it serves and hears.
public struct BookRoom: Sendable {
    public let routes: BookingRoutes
    public let secret: DeploymentSecret

    /// - Parameter seats: the way to Museum.
    public init(redis: RedisClient, partitions: Partitions, seats: any Seats, logger: Logger) {
        let secret = DeploymentSecret(redis, logger: logger)
        self.secret = secret
        let store = RedisBookingStore(client: redis)
        let attempt = BookingAttempt(
            seats: SeatsQueue(seats), store: store,
            names: HashedBookingNames(secret: secret.bytes, random: { UInt64.random(in: .min ... .max) }))
        routes = BookingRoutes(
            service: BookingService(attempt: attempt, store: store, partitions: partitions.contains),
            list: BookingList(client: redis), partitions: partitions)
    }

    /// The room's ear on a connection of its consumer.
    public static func events(_ connection: any RedisSender, now: @escaping Clock) -> any EventHandler {
        BookEvents(store: RedisBookingStore(client: connection), now: now)
    }

    /// The way to Museum in another process; its circuit is `skmuseum_book_circuit_state` (0 closed, 1 half-open, 2 open).
    public static func remoteSeats(_ museum: Upstream) -> any Seats {
        let state = Gauge(label: "skmuseum_book_circuit_state")
        let breaker = Breaker { circuit in
            switch circuit {
            case .closed: state.record(0)
            case .halfOpen: state.record(1)
            case .open: state.record(2)
            }
        }
        return HTTPSeats(museum: museum, breaker: breaker)
    }
}
