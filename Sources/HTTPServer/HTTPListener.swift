public import Contracts
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization

/// One role's port: an HTTP server over its routes.
public struct HTTPListener: Service {
    private let role: String
    private let address: String
    private let port: Int
    private let application: Application<AppResponder>
    private let acceptance = Acceptance()
    private let quietLogger: Logger

    /// - Parameters:
    ///   - address: an IP address or a host name.
    ///   - port: 0 for any free one.
    ///   - certificate: for TLS; `nil` for plain HTTP.
    ///   - policy: whom the port lets in.
    ///   - problemPages: shows errors to people; `nil` where the port has no pages.
    ///   - connections: what all ports of the process share.
    ///   - drain: once it has begun, each response closes its connection.
    ///   - onListening: told the port once the server accepts connections.
    public init(
        role: String, address: String, port: Int, certificate: ServerCertificate? = nil, routes: [any Routes],
        policy: AccessPolicy, problemPages: (any ProblemPages)? = nil,
        connections: ConnectionBudget, drain: Drain, now: @escaping CurrentTime, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        self.role = role
        self.address = address
        self.port = port
        // Hummingbird tells at info that it listens; this listener says so itself, with the role.
        var quiet = logger
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        quietLogger = quiet
        let limiter = ConnectionLimiter(role: role, budget: connections, tellsRefused: certificate == nil)
        let load = ConcurrencyLimiter(role: role)
        let processing = RequestProcessing(
            role: role, routes: routes, policy: policy, now: now, load: load, problemPages: problemPages, logger: logger)
        let server = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [
                    HTTPConnectionHandler(limiter, load: load, drain: drain), DirectHandler(processing),
                ],
                // HTTPConnectionHandler closes idle connections: Hummingbird does not see every request.
                idleTimeout: nil,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: HTTPServerLimits.headerFieldSize, maxHeaderListSize: HTTPServerLimits.headerListSize,
                    maxHeaderFieldCount: HTTPServerLimits.headerFieldCount)))
        application = try Application(
            responder: AppResponder(processing: processing),
            server: certificate.map { try .tls(server, tlsConfiguration: $0.configuration) } ?? server,
            configuration: .init(address: .hostname(address, port: port), serverName: nil, backlog: 1024),
            onServerRunning: { [acceptance] channel in
                acceptance.begins(on: channel)
                let bound = channel.localAddress?.port ?? port
                logger.info("listening", metadata: ["role": "\(role)", "address": "\(address)", "port": "\(bound)"])
                await onListening(bound)
            },
            logger: quiet)
    }

    /// - Throws: ``BindError`` where the address or port can't be bound.
    public func run() async throws {
        do {
            // They stop in the reverse order.
            let group = ServiceGroup(configuration: .init(services: [application, acceptance], logger: quietLogger))
            try await group.run()
        } catch let error as IOError {
            throw BindError(address: address, role: role, port: port, code: error.errnoCode)
        }
    }
}

/// Stops accepting connections before the port closes. A connection that is being set up while the port closes would end the
/// process: "Deinited NIOAsyncWriter without calling finish()", in Hummingbird 2.28 on NIO 2.101.
private final class Acceptance: Service {
    private let listening = Mutex<(any Channel)?>(nil)

    func begins(on channel: any Channel) { listening.withLock { $0 = channel } }

    func run() async throws {
        try await gracefulShutdown()
        guard let channel = listening.withLock({ $0 }) else { return }
        // This and what follows can only fail on a channel or a loop that is closed, which accepts nothing any more.
        try? await channel.setOption(.autoRead, value: false).get()
        // Setting up goes from the port's event loop to the connection's and back: when each has done what was waiting, all
        // connections that were accepted are set up. A second time for what the first has caused.
        for _ in 1...2 {
            for eventLoop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try? await eventLoop.submit {}.get() }
            try? await channel.eventLoop.submit {}.get()
        }
    }
}
