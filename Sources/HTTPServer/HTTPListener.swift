public import Contracts
import Foundation
import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle

/// One role's port: an HTTP server over its routes.
public struct HTTPListener: Service {
    private let role: String
    private let address: String
    private let port: Int
    private let application: Application<AppResponder>

    /// - Parameters:
    ///   - address: an IP address or a host name.
    ///   - port: 0 for any free one.
    ///   - connections: what all ports of the process share.
    ///   - onListening: told the port once the server accepts connections.
    public init(
        role: String, address: String, port: Int, routes: [any Routes], connections: ConnectionBudget, now: @escaping CurrentTime,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.role = role
        self.address = address
        self.port = port
        // Hummingbird tells at info that it listens; this listener says so itself, with the role.
        var quiet = logger
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        let limiter = ConnectionLimiter(role: role, budget: connections)
        let load = ConcurrencyLimiter(role: role)
        application = Application(
            responder: AppResponder(role: role, routes: routes, now: now, load: load),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [HTTPConnectionHandler(limiter, load: load)],
                    idleTimeout: HTTPServerLimits.idleFor,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: HTTPServerLimits.headerFieldSize, maxHeaderListSize: HTTPServerLimits.headerListSize,
                        maxHeaderFieldCount: HTTPServerLimits.headerFieldCount))),
            configuration: .init(address: .hostname(address, port: port), serverName: nil, backlog: 1024),
            onServerRunning: { channel in
                let bound = channel.localAddress?.port ?? port
                logger.info("listening", metadata: ["role": "\(role)", "address": "\(address)", "port": "\(bound)"])
                await onListening(bound)
            },
            logger: quiet)
    }

    /// - Throws: ``BindError`` where the address or port can't be bound.
    public func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError {
            throw BindError(address: address, role: role, port: port, code: error.errnoCode)
        }
    }
}
