import ArgumentParser
import Contracts
import Foundation
import HTTPServer
import Logging
import Metrics
import Museum
import Platform
import Redis
import Scripts
import ServiceLifecycle
import Synchronization
import Tracing
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves the museum: every role, or those named, in this process.",
        discussion: """
            Without REDIS_URL it starts a redis-server of its own on 127.0.0.1:6390, with its data in ./data/redis.

            Examples:
              skmuseum serve
              skmuseum serve --role book,museum --redis-url redis://127.0.0.1:6379
            """)

    @OptionGroup var common: CommonOptions

    @OptionGroup var roles: RoleOptions

    /// How long requests and batches in flight may take after the signal to stop and DRAIN_DELAY.
    private static let shutdownWithin = Duration.seconds(9)

    func run() async throws {
        try await CommandError.reporting {
            let settings = try common.settings()
            Logs.bootstrap(level: settings.logLevel, format: settings.logFormat)
            try await serve(settings, roles: roles.named ?? Set(Role.allCases))
        }
    }

    private func serve(_ settings: Settings, roles: Set<Role>) async throws {
        let logger = Logger(label: "skmuseum")
        if !settings.ignoredServiceLinks.isEmpty {
            let names = settings.ignoredServiceLinks.joined(separator: ", ")
            logger.notice("ignored what Kubernetes sets for Services of these names", metadata: ["variables": "\(names)"])
        }
        try checkExposure(settings)
        let ports = Role.allCases.filter(roles.contains).map { (role: $0.rawValue, port: settings.ports[$0.rawValue] ?? 0) }
        try PortCheck.run(address: settings.bindAddress, ports: ports)

        // In containers every process has the same id; the host name makes the difference.
        let host = ProcessInfo.processInfo.hostName.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        let clientName = "skmuseum-\(host)-\(ProcessInfo.processInfo.processIdentifier)"
        if let endpoint = settings.redis {
            return try await serve(settings, roles: roles, redis: endpoint, clientName: clientName, logger: logger)
        }
        guard settings.durability == .local else {
            throw InvalidSetting("DURABILITY", "is replicated, but the embedded redis-server has no replica; set REDIS_URL")
        }
        let embedded = EmbeddedRedis(clientName: clientName) { logger.notice("\($0)") }
        do {
            guard let endpoint = try await StopSignals.interrupting({ try await embedded.start() }) else {
                return await embedded.stop()
            }
            try await serve(settings, roles: roles, redis: endpoint, clientName: clientName, logger: logger)
        } catch {
            await embedded.stop()
            throw error
        }
        await embedded.stop()
    }

    private func serve(
        _ settings: Settings, roles: Set<Role>, redis endpoint: RedisEndpoint, clientName: String, logger: Logger
    ) async throws {
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let exporter = settings.tracesEndpoint.map {
            SpanExporter(endpoint: $0, instance: settings.instance, logger: logger)
        }
        InstrumentationSystem.bootstrap(W3CTracer(exporter: exporter))
        var options = RedisOptions()
        options.clientName = clientName
        let latency = RedisLatency()
        options.onReply = { latency.record($0, $1) }
        let changes = Counter(label: "skmuseum_redis_primary_changes_total")
        changes.increment(by: 0)
        options.onPrimaryChange = { what, from, to in
            changes.increment()
            logger.warning(
                "another redis server is primary now", metadata: ["of": "\(what)", "from": "\(from)", "to": "\(to)"])
        }
        let redis = RedisClient(endpoint, options: options)
        let ownStore = settings.myPageRedis == nil || settings.myPageRedis == endpoint ? nil : settings.myPageRedis
        let myPageStore = ownStore.map { RedisClient($0, options: options) }
        try await refuseEviction(redis, variable: "REDIS_URL", logger: logger)
        if let myPageStore { try await refuseEviction(myPageStore, variable: "MYPAGE_REDIS_URL", logger: logger) }
        if roles.contains(.museum) { await announcePartitions(settings.partitions, redis) }

        logExposure(settings.access, logger: logger)
        let access = AccessControl(
            settings.access, host: settings.reachableHost, roles: roles, redis: redis, now: WallClock.now, logger: logger)
        await access.prepare()
        let certificate = try settings.tls.map { files in
            do throws(InvalidCertificate) {
                return try ServerCertificate(certificateFile: files.certificateFile, keyFile: files.keyFile, logger: logger)
            } catch {
                throw CommandError(error.description, exitCode: 78)
            }
        }
        let upstreams = UpstreamConnections()
        let assembly = CompositionRoot(
            settings: settings, roles: roles, redis: redis, myPageStore: myPageStore, upstreams: upstreams,
            access: access, certificate: certificate, metrics: metrics, exporter: exporter, logger: logger, now: WallClock.now,
            connections: ConnectionBudget(openFiles: OpenFiles.raiseLimit()))
        let opening = Opening(ports: roles.count) { banner(settings, roles: roles, redis: endpoint) }
        var configuration = ServiceGroupConfiguration(
            services: try assembly.services { opening.portIsOpen() }, gracefulShutdownSignals: StopSignals.all,
            logger: logger)
        configuration.maximumGracefulShutdownDuration = settings.drainDelay + Self.shutdownWithin

        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await ServiceGroup(configuration: configuration).run())
        } catch {
            outcome = .failure(error)
        }
        await upstreams.shutdown()
        redis.close()
        myPageStore?.close()
        try outcome.get()
    }

    /// Without keys everybody may do everything, so only this machine may reach the ports.
    private func checkExposure(_ settings: Settings) throws {
        guard !settings.access.hasKeys, settings.access.isProtectedModeOn, !settings.isLoopback else { return }
        throw InvalidSetting(
            "BIND_ADDRESS",
            "is \(settings.bindAddress), but without keys only loopback is served; set AUTH_SECRET, or PROTECTED_MODE=no")
    }

    private func logExposure(_ settings: AccessSettings, logger: Logger) {
        if settings.hasKeys { return }
        if settings.isProtectedModeOn {
            logger.notice("protected mode: no keys are configured, so only this machine is served, without tokens")
        } else {
            logger.warning("requests are not authenticated, and PROTECTED_MODE is no: everybody may do everything")
        }
    }

    /// A server that forgets keys when it is full would forget bookings.
    private func refuseEviction(_ client: RedisClient, variable: String, logger: Logger) async throws {
        for (address, reply) in await client.sendToEachPrimary(Command("INFO", "memory")) {
            do throws(RedisError) {
                let info = try reply.get().asText()
                let policy = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("maxmemory_policy:") }
                guard let policy, !policy.hasSuffix(":noeviction") else { continue }
            } catch {
                logger.warning("redis can't be asked at start", metadata: ["address": "\(address)", "reason": "\(error)"])
                continue
            }
            throw CommandError(
                "\(variable)'s server forgets keys when it is full; set its maxmemory-policy to noeviction", exitCode: 78)
        }
    }

    /// So that consumers are there before the first exhibition. Registering one announces its partition again.
    private func announcePartitions(_ count: Int, _ redis: RedisClient) async {
        _ = await redis.send([Command(["SADD", Keys.partitions] + (0..<count).map(Partition.name))])
    }

    /// Prints where it listens. A failure to print it is ignored.
    private func banner(_ settings: Settings, roles: Set<Role>, redis: RedisEndpoint) {
        let ports = Role.allCases.filter(roles.contains).map { "\($0.rawValue) \(settings.ports[$0.rawValue] ?? 0)" }
        Output.announce("SK Museum is open on \(settings.bindAddress): \(ports.joined(separator: ", ")). Redis: \(redis).")
        let address =
            (settings.tls == nil ? "http" : "https") + "://\(settings.reachableHost):\(settings.ports["gateway"] ?? 8080)"
        if roles.contains(.gateway) {
            let inThirtyDays = LocalClock(settings.timeZone).read(at: WallClock.now() + 30 * 86_400_000).date
            let token =
                settings.access.hasKeys ? #"-H "Authorization: Bearer $(skmuseum token --role staff --subject me)" "# : ""
            Output.announce("Pages: \(address)/")
            Output.announce(
                """
                Try:  curl -s \(address)/museums \(token)-H 'Content-Type: application/json' \
                -d '{"title":"Monet","hall":"A hall","date":"\(inThirtyDays)","capacity":20}'
                """)
        }
    }
}

/// Counts ports as they open; calls `onOpen` once when all are.
private final class Opening: Sendable {
    private let missing: Mutex<Int>
    private let onOpen: @Sendable () -> Void

    init(ports: Int, onOpen: @escaping @Sendable () -> Void) {
        missing = Mutex(ports)
        self.onOpen = onOpen
    }

    func portIsOpen() {
        let isLast = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        if isLast { onOpen() }
    }
}
