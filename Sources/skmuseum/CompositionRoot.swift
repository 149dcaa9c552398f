import Book
import Confirm
import Contracts
import Gateway
import HTTPServer
import Logging
import Messaging
import Museum
import MyPage
import Operations
import Pages
import Platform
import Redis
import ServiceLifecycle

/// Puts the roles of one process together. The only place that knows all services and what each stands on.
struct CompositionRoot {
    let settings: Settings
    let roles: Set<Role>
    let redis: RedisClient
    /// MyPage's own server, if it is another one.
    let myPageStore: RedisClient?
    let upstreams: UpstreamConnections
    let access: AccessControl
    /// The gateway's; `nil` for plain HTTP.
    let certificate: ServerCertificate?
    let metrics: PrometheusMetrics
    /// `nil`: no spans are recorded.
    let exporter: SpanExporter?
    let logger: Logger
    let now: CurrentTime
    /// Connections that all ports may have together.
    let connections: ConnectionBudget

    /// All services in the order of their dependency; they stop in the reverse order.
    /// - Parameter onListening: told once for each port that accepts connections.
    func services(onListening: @escaping @Sendable () async -> Void) throws -> [any Service] {
        let partitions = Partitions(redis, logger: logger)
        let readiness = Readiness(redis, logger: logger)
        let myPageReadiness = myPageStore.map { Readiness($0, logger: logger) }
        let drain = Drain { [delay = settings.drainDelay] in await StopSignals.wait(for: delay) }

        // Only modules of this process' roles: each has its metrics.
        let museum =
            !roles.contains(.museum)
            ? nil
            : MuseumModule(
                redis: redis, writes: writes(of: .museum), partitions: partitions, newPartitions: settings.partitions,
                timeZone: settings.timeZone, now: now, logger: logger)
        let book =
            !roles.contains(.book)
            ? nil
            : BookModule(
                redis: redis, writes: writes(of: .book), partitions: partitions, seats: seats(of: museum), logger: logger)
        let confirm = roles.contains(.confirm) ? ConfirmModule(redis: redis, partitions: partitions) : nil
        let myPage =
            roles.contains(.mypage)
            ? MyPageModule(store: myPageStore ?? redis, events: redis, partitions: partitions, logger: logger) : nil

        var services: [any Service] = []
        // The last to stop: the others' last spans are sent, too.
        if let exporter { services.append(exporter) }
        // A gateway alone has nothing to do with Redis.
        if roles != [.gateway] {
            services += [partitions, readiness]
            if let myPageReadiness { services.append(myPageReadiness) }
            services.append(RedisMemoryMonitor(redis, logger: logger))
        }
        if let myPageStore, roles.contains(.mypage) {
            services.append(RedisMemoryMonitor(myPageStore, server: "mypage", logger: logger))
        }
        services += access.services
        if let certificate, roles.contains(.gateway) { services.append(certificate) }
        if let museum { services.append(museum.revocation) }
        if let book { services += [book.secret, book.repair] }
        let pages = myPageStore.map {
            ReadModelRepair(
                OperatorSession(settings.operatorRedis ?? redis.endpoint, myPage: $0.endpoint), logger: logger)
        }
        if let pages, roles.contains(.mypage) { services.append(pages) }
        for role in Role.allCases where roles.contains(role) {
            guard let service = role.service else { continue }
            services.append(
                consumers(of: service, partitions: partitions) { partition, hasLostEvents in
                    if service == .book { book?.repair.sessionBegan(in: partition) }
                    if service == .mypage, hasLostEvents { pages?.rebuild(partition) }
                })
            if !service.subscribers.isEmpty { services.append(maintenance(of: service, partitions: partitions)) }
        }

        func host(
            _ role: Role, _ routes: [any Routes], policy: AccessPolicy? = nil, problemPages: (any ProblemPages)? = nil,
            isReady: @escaping @Sendable () async -> Bool
        ) throws -> HTTPListener {
            let health = HealthRoutes(
                drain: drain, metrics: metrics.render, metricsAccess: role == .gateway ? .admins : .everybody, isReady: isReady)
            return try HTTPListener(
                role: role.rawValue, address: settings.bindAddress, port: settings.ports[role.rawValue] ?? 0,
                certificate: role == .gateway ? certificate : nil, routes: routes + [health], policy: policy ?? access.policy,
                problemPages: problemPages, connections: connections, drain: drain, now: now,
                logger: logger,
                onListening: { _ in await onListening() })
        }
        if let book { services.append(try host(.book, [book.routes]) { readiness.isReady }) }
        if let museum { services.append(try host(.museum, [museum.routes, museum.internalRoutes]) { readiness.isReady }) }
        if let confirm { services.append(try host(.confirm, [confirm.routes]) { readiness.isReady }) }
        if let myPage { services.append(try host(.mypage, [myPage.routes]) { (myPageReadiness ?? readiness).isReady }) }
        var relays: [any Service] = []
        if roles.contains(.gateway) {
            let gateway = GatewayModule()
            let sessions = access.ofGateway(
                bookers: book?.bookers
                    ?? GatewayModule.bookers(
                        at: upstream(of: .book, for: .gateway), token: access.token(of: .gateway, as: .staff)))
            var own: [Role: @Sendable () -> Bool] = [.gateway: { true }]
            for role in [Role.book, .museum, .confirm] where roles.contains(role) { own[role] = { readiness.isReady } }
            if roles.contains(.mypage) { own[.mypage] = { (myPageReadiness ?? readiness).isReady } }
            let health = HealthOfServices(
                own: own,
                urls: Dictionary(uniqueKeysWithValues: Role.allCases.map { ($0, settings.upstreams[$0.rawValue] ?? []) }),
                connections: upstreams, metrics: metrics.render)
            let admin = AdminRoutes(
                session: OperatorSession(settings.operatorRedis ?? redis.endpoint, myPage: myPageStore?.endpoint),
                health: { await health.read() }
            ) { [now] session, service in service.eventHandler(on: session.store(of: service), now: now) }
            let live = gateway.live(
                museum: museum == nil ? upstream(of: .museum, for: .gateway) : nil,
                myPage: myPage == nil ? upstream(of: .mypage, for: .gateway) : nil, logger: logger)
            relays = live.services
            let routes: [any Routes] = [
                live.routes, gateway.index, gateway.documentation, sessions.routes, admin,
                museum?.routes ?? gateway.routes(to: .museums, at: upstream(of: .museum, for: .gateway)),
                book?.routes ?? gateway.routes(to: .books, at: upstream(of: .book, for: .gateway)),
                confirm?.routes ?? gateway.routes(to: .confirms, at: upstream(of: .confirm, for: .gateway)),
                myPage?.routes ?? gateway.routes(to: .myPages, at: upstream(of: .mypage, for: .gateway)),
            ]
            let pages = try PagesModule(
                api: RouteDispatcher(routes, policy: sessions.policy), timeZone: settings.timeZone,
                isOpen: !settings.access.hasKeys, now: now)
            services.append(
                try host(.gateway, routes + [pages.routes], policy: sessions.policy, problemPages: pages.problems) { true })
        }
        // Live streams end before the ports close.
        services += relays
        if let museum { services.append(museum.live) }
        if let myPage { services.append(myPage.live) }
        return services + [drain]
    }

    /// What a service's responses stand on.
    private func writes(of service: ServiceName) -> any RedisSender {
        guard settings.durability == .replicated else { return redis }
        let metrics = ReplicationMetrics(service: service.rawValue)
        return ReplicatedSender(redis, service: service.rawValue, logger: logger, onFlush: metrics.flushed)
    }

    /// Book's way to Museum: a call if it is in this process.
    private func seats(of museum: MuseumModule?) -> any SeatReservations {
        guard let museum else { return BookModule.remoteSeats(upstream(of: .museum, for: .book), token: access.token(of: .book)) }
        return InProcessSeatReservations(service: museum.seats, now: now, localClock: museum.localClock)
    }

    private func upstream(of role: Role, for caller: Role) -> Upstream {
        Upstream(urls: settings.upstreams[role.rawValue] ?? [], connections: upstreams, caller: caller.rawValue)
    }

    private func consumers(
        of service: ServiceName, partitions: Partitions, onSession: @escaping @Sendable (String, Bool) -> Void
    ) -> EventConsumers {
        let now = now
        let configuration = ConsumerConfiguration(
            events: redis, store: service == .mypage ? myPageStore : nil, consumer: settings.consumerName(of: service.rawValue),
            // Book receives SeatsReserved before it has recorded the booking itself.
            settling: service == .book ? .milliseconds(3) : .zero, isTracing: exporter != nil, onSession: onSession
        ) { service.eventHandler(on: $0, now: now) }
        return EventConsumers(service: service, partitions: partitions, configuration: configuration, logger: logger)
    }

    private func maintenance(of service: ServiceName, partitions: Partitions) -> StreamMaintenance {
        var logger = logger
        logger[metadataKey: "service"] = "\(service.rawValue)"
        return StreamMaintenance(
            service: service, partitions: partitions, redis: redis, retention: settings.eventRetention, logger: logger)
    }
}

extension ServiceName {
    /// What applies events to the service's state, where the service keeps it.
    func eventHandler(on connection: any RedisSender, now: @escaping CurrentTime) -> any EventHandler {
        switch self {
        case .museum: MuseumModule.eventHandler(on: connection, now: now)
        case .book: BookModule.eventHandler(on: connection, now: now)
        case .confirm: ConfirmModule.eventHandler(on: connection, now: now)
        case .mypage: MyPageModule.eventHandler(on: connection)
        }
    }
}
