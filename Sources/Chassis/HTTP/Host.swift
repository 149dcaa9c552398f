public import Contracts
import Foundation
import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle

/// One role's port: an HTTP server over its routes.
public struct Host: Service {
    private let role: String
    private let port: Int
    private let application: Application<Edge>

    /// - Parameter onListening: told the port once the server accepts connections.
    public init(
        role: String, address: String, port: Int, routes: [any Routes], now: @escaping Clock, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.role = role
        self.port = port
        // Hummingbird tells at info that it listens; Host says so itself, with the role.
        var quiet = logger
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        application = Application(
            responder: Edge(role: role, routes: routes, now: now),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionGuard()], idleTimeout: .seconds(60),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 100))),
            configuration: .init(address: .hostname(address, port: port), serverName: nil, backlog: 1024),
            onServerRunning: { channel in
                let bound = channel.localAddress?.port ?? port
                logger.info("listening", metadata: ["role": "\(role)", "address": "\(address)", "port": "\(bound)"])
                await onListening(bound)
            },
            logger: quiet)
    }

    /// - Throws: ``PortTaken`` where something else listens there.
    public func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw PortTaken(role: role, port: port)
        }
    }
}

/// Another program listens on a role's port.
public struct PortTaken: Error {
    public let role: String
    public let port: Int
}
