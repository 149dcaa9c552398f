import AsyncHTTPClient
import Book
import Chassis
import Confirm
import Contracts
import Gateway
import Logging
import Museum
import MyPage
import Redis
import ServiceLifecycle

/// Puts the roles of one process together. The only place that knows all rooms and what each stands on.
struct Assembly {
    let settings: Settings
    let roles: Set<Role>
    let redis: RedisClient
    /// MyPage's own server, if it is another one.
    let myPageStore: RedisClient?
    let httpClient: HTTPClient
    let metrics: TextMetrics
    let logger: Logger
    let now: Clock
    /// Connections that all ports may have together.
    let connections: ConnectionBudget

    /// All services in the order of their dependency; they stop in the reverse order.
    /// - Parameter onListening: told once for each port that accepts connections.
    func services(onListening: @escaping @Sendable () async -> Void) -> [any Service] {
        let partitions = Partitions(redis, logger: logger)
        let readiness = Readiness(redis, logger: logger)
        let myPageReadiness = myPageStore.map { Readiness($0, logger: logger) }
        let drain = Drain()

        let museum = MuseumRoom(
            redis: redis, partitions: partitions, newPartitions: settings.partitions, timeZone: settings.timeZone, now: now,
            logger: logger)
        let seats: any Seats =
            roles.contains(.museum)
            ? LocalSeats(store: museum.seats, now: now, localClock: museum.localClock)
            : BookRoom.remoteSeats(upstream(of: .museum))
        let book = BookRoom(redis: redis, partitions: partitions, seats: seats, logger: logger)
        let confirm = ConfirmRoom(redis: redis, partitions: partitions)
        let myPage = MyPageRoom(store: myPageStore ?? redis, partitions: partitions)

        var services: [any Service] = []
        // A gateway alone has nothing to do with Redis.
        if roles != [.gateway] {
            services = [partitions, readiness]
            if let myPageReadiness { services.append(myPageReadiness) }
            services.append(MemoryWatch(redis, logger: logger))
        }
        if let myPageStore, roles.contains(.mypage) {
            services.append(MemoryWatch(myPageStore, server: "mypage", logger: logger))
        }
        if roles.contains(.museum) { services.append(museum.revoker) }
        if roles.contains(.book) { services.append(book.secret) }
        for role in Role.allCases where roles.contains(role) {
            guard let room = role.room else { continue }
            services.append(consumers(of: room, partitions: partitions))
            if !room.heardBy.isEmpty { services.append(keeper(of: room, partitions: partitions)) }
        }

        func host(_ role: Role, _ routes: [any Routes], isReady: @escaping @Sendable () async -> Bool) -> Host {
            let health = HealthRoutes(drain: drain, metrics: metrics, isReady: isReady)
            return Host(
                role: role.rawValue, address: settings.bindAddress, port: settings.ports[role.rawValue] ?? 0,
                routes: routes + [health], connections: connections, now: now, logger: logger,
                onListening: { _ in await onListening() })
        }
        if roles.contains(.book) { services.append(host(.book, [book.routes]) { readiness.isReady }) }
        if roles.contains(.museum) {
            services.append(host(.museum, [museum.routes, museum.innerRoutes]) { readiness.isReady })
        }
        if roles.contains(.confirm) { services.append(host(.confirm, [confirm.routes]) { readiness.isReady }) }
        if roles.contains(.mypage) {
            services.append(host(.mypage, [myPage.routes]) { (myPageReadiness ?? readiness).isReady })
        }
        if roles.contains(.gateway) {
            let routes: [any Routes] = [
                IndexRoutes(),
                roles.contains(.museum) ? museum.routes : ProxyRoutes(.museums, upstream: upstream(of: .museum)),
                roles.contains(.book) ? book.routes : ProxyRoutes(.books, upstream: upstream(of: .book)),
                roles.contains(.confirm) ? confirm.routes : ProxyRoutes(.confirms, upstream: upstream(of: .confirm)),
                roles.contains(.mypage) ? myPage.routes : ProxyRoutes(.myPages, upstream: upstream(of: .mypage)),
            ]
            services.append(host(.gateway, routes) { true })
        }
        return services + [drain]
    }

    private func upstream(of role: Role) -> Upstream {
        Upstream(urls: settings.upstreams[role.rawValue] ?? [], client: httpClient)
    }

    private func consumers(of room: Room, partitions: Partitions) -> EventConsumers {
        let now = now
        let configuration = ConsumerConfiguration(
            events: redis, store: room == .mypage ? myPageStore : nil, consumer: settings.consumerName(of: room.rawValue),
            // Book hears of reserved seats before it has recorded the booking itself.
            gather: room == .book ? .milliseconds(3) : .zero
        ) { room.ear(on: $0, now: now) }
        return EventConsumers(room: room, partitions: partitions, configuration: configuration, logger: logger)
    }

    private func keeper(of room: Room, partitions: Partitions) -> StreamKeeper {
        var logger = logger
        logger[metadataKey: "room"] = "\(room.rawValue)"
        return StreamKeeper(
            room: room, partitions: partitions, redis: redis, retention: settings.eventRetention, logger: logger)
    }
}

extension Room {
    /// What applies events to the room's state, where the room keeps it.
    func ear(on connection: any RedisSender, now: @escaping Clock) -> any EventHandler {
        switch self {
        case .museum: MuseumRoom.events(connection, now: now)
        case .book: BookRoom.events(connection, now: now)
        case .confirm: ConfirmRoom.events(connection, now: now)
        case .mypage: MyPageRoom.events(connection)
        }
    }
}
