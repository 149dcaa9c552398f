public import Contracts
import Foundation
import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle

/// One role's port: an HTTP server over its routes.
public struct Host: Service {
    private let role: String
    private let address: String
    private let port: Int
    private let application: Application<Edge>

    /// - Parameters:
    ///   - connections: what all ports of the process share.
    ///   - onListening: told the port once the server accepts connections.
    public init(
        role: String, address: String, port: Int, routes: [any Routes], connections: ConnectionBudget, now: @escaping Clock,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.role = role
        self.address = address
        self.port = port
        // Hummingbird tells at info that it listens; Host says so itself, with the role.
        var quiet = logger
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        let keeper = Doorkeeper(role: role, budget: connections)
        let load = Load(role: role)
        application = Application(
            responder: Edge(role: role, routes: routes, now: now, load: load),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionGuard(keeper, load: load)], idleTimeout: EdgeLimits.idleFor,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: EdgeLimits.headerFieldSize, maxHeaderListSize: EdgeLimits.headerListSize,
                        maxHeaderFieldCount: EdgeLimits.headerFieldCount))),
            configuration: .init(address: .hostname(address, port: port), serverName: nil, backlog: 1024),
            onServerRunning: { channel in
                let bound = channel.localAddress?.port ?? port
                logger.info("listening", metadata: ["role": "\(role)", "address": "\(address)", "port": "\(bound)"])
                await onListening(bound)
            },
            logger: quiet)
    }

    /// - Throws: ``InvalidSetting`` where the address or port can't be bound.
    public func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError {
            throw InvalidSetting(binding: address, role: role, port: port, code: error.errnoCode)
        }
    }
}
