public import Contracts
public import HTTPServer
public import Logging
public import Messaging
import Metrics
public import Platform
public import Redis

/// Book put together: what it serves, applies and does in the background.
public struct BookModule: Sendable {
    public let routes: any Routes
    public let secret: DeploymentSecret
    public let bookers: any BookerDirectory
    public let repair: ReservationRepairWorker

    /// - Parameters:
    ///   - writes: what records, aborts, cancels and lowers; `redis`, or what waits for a replica.
    ///   - seats: the way to Museum.
    public init(
        redis: RedisClient, writes: any RedisSender, partitions: Partitions, seats: any SeatReservations, logger: Logger
    ) {
        let secret = DeploymentSecret(redis, logger: logger)
        let batchSize = Recorder(
            label: "skmuseum_reservation_batch_size", dimensions: [("service", "book")], aggregate: true)
        let store = RedisBookingStore(client: redis, writes: writes)
        // Whoever repeats a request may be told of a booking that another request has recorded: such a read waits like a write.
        let attempts = RedisBookingStore(client: writes)
        self.secret = secret
        repair = ReservationRepairWorker(redis: redis, seats: seats, logger: logger)
        bookers = BookingService(store: store)
        routes = BookingRoutes(
            attempt: BookingAttempt(
                seats: ReservationBatcher(
                    seats, recorder: BookingRecorder(store: attempts), executor: { EventLoopTaskExecutor.current },
                    onBatch: { batchSize.record($0) }),
                store: attempts,
                ids: HMACBookingIDGenerator(secret: secret.bytes, random: { UInt64.random(in: .min ... .max) }),
                partitions: partitions),
            service: BookingService(store: store), partitions: partitions)
    }

    /// The event handler on a connection of its consumer.
    public static func eventHandler(on connection: any RedisSender, now: @escaping CurrentTime) -> any EventHandler {
        BookEventHandler(service: BookingService(store: RedisBookingStore(client: connection)), now: now)
    }

    /// The way to Museum in another process; its circuit is `skmuseum_circuit_state` (0 closed, 1 half-open, 2 open).
    /// - Parameter token: Book's for Museum; `nil` where Museum asks for none.
    public static func remoteSeats(_ museum: Upstream, token: @escaping @Sendable () async -> String?) -> any SeatReservations {
        let state = Gauge(
            label: "skmuseum_circuit_state", dimensions: [("service", "book"), ("upstream", "museum")])
        let breaker = CircuitBreaker { circuit in
            switch circuit {
            case .closed: state.record(0)
            case .halfOpen: state.record(1)
            case .open: state.record(2)
            }
        }
        return HTTPSeatReservations(museum: museum, token: token, breaker: breaker)
    }
}
