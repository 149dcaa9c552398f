public import NIOCore
import NIOPosix

/// One pipelined connection to one server. Safe to use from any task; its work runs on its event loop.
public final class RedisConnection: RedisSender {
    private let channel: any Channel
    private let handler: NIOLoopBound<RedisChannelHandler>
    private let timeout: TimeAmount
    private let onRedirect: (@Sendable (RedisError) -> Void)?

    private init(
        channel: any Channel, handler: NIOLoopBound<RedisChannelHandler>, timeout: TimeAmount,
        onRedirect: (@Sendable (RedisError) -> Void)?
    ) {
        self.channel = channel
        self.handler = handler
        self.timeout = timeout
        self.onRedirect = onRedirect
    }

    /// With less time left a command is not sent: a late reply closes the connection, on which others wait for theirs.
    static func leastTime(of commandTimeout: TimeAmount) -> TimeAmount {
        min(.milliseconds(100), .nanoseconds(commandTimeout.nanoseconds / 5))
    }

    /// `false` once the connection is closed, for good.
    public var isActive: Bool { channel.isActive }

    /// Connects, authenticates, selects the database and sets the client's name.
    /// - Parameters:
    ///   - tls: as read from the endpoint's files, or why it can't be.
    ///   - options: its `commandTimeout` bounds each later command.
    ///   - limit: bounds all that together; the command timeout by default.
    ///   - onRedirect: called with MOVED, before the connection closes; `nil`: it stays open.
    static func connect(
        to endpoint: RedisEndpoint, tls: Result<RedisTLS?, RedisEndpoint.InvalidURL> = .success(nil), options: RedisOptions,
        within limit: TimeAmount? = nil, on eventLoop: any EventLoop, onRedirect: (@Sendable (RedisError) -> Void)? = nil
    ) -> EventLoopFuture<RedisConnection> {
        let limit = limit ?? options.commandTimeout
        let deadline = NIODeadline.now() + limit
        // A name may have several addresses, each tried on a channel of its own. A channel that is closed right after it has
        // connected has an empty pipeline, so its handler, which knows why, can't be looked up there.
        let handlers = NIOLoopBoundBox.makeBoxSendingValue([ObjectIdentifier: RedisChannelHandler](), eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(limit)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try tls.get()
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler()) }
                    let handler = RedisChannelHandler(
                        isSecured: tls != nil, user: endpoint.user ?? "default", onReply: options.onReply)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    handlers.value[ObjectIdentifier(channel)] = handler
                }
            }
        let connecting =
            switch endpoint.address {
            case .tcp(let host, let port):
                // Names are resolved one after another on each event loop: an address would wait for a name that does not resolve.
                if let address = try? SocketAddress(ipAddress: host, port: port) {
                    bootstrap.connect(to: address)
                } else {
                    bootstrap.connect(host: host, port: port)
                }
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        return connecting.flatMap { channel in
            channel.eventLoop.makeCompletedFuture {
                guard let handler = handlers.value.removeValue(forKey: ObjectIdentifier(channel)) else {
                    throw RedisError.unreachable("\(endpoint): the connection has no handler")
                }
                return RedisConnection(
                    channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop),
                    timeout: options.commandTimeout, onRedirect: onRedirect)
            }
        }.flatMap { (connection: RedisConnection) in
            connection.greet(endpoint, name: options.clientName, deadline: deadline)
        }
    }

    private func greet(
        _ endpoint: RedisEndpoint, name: String, deadline: NIODeadline
    ) -> EventLoopFuture<RedisConnection> {
        var greeting: [Command] = []
        if let password = endpoint.password {
            greeting.append(Command(["AUTH"] + (endpoint.user.map { [$0] } ?? []) + [password]))
        }
        if endpoint.database != 0 { greeting.append(Command("SELECT", String(endpoint.database))) }
        greeting.append(Command("CLIENT", "SETNAME", name))
        let promise = channel.eventLoop.makePromise(of: [Result<Reply, RedisError>].self)
        enqueue(greeting, deadline: deadline) { promise.succeed($0) }
        return promise.futureResult.flatMapThrowing { results in
            do {
                for result in results.dropLast() { _ = try result.get() }
                if let last = results.last { try Self.allowNameless(last) }
            } catch {
                self.close()
                let why: String
                switch error as? RedisError {
                // Only AUTH, SELECT or CLIENT SETNAME has an unknown outcome; no command of the caller has been sent.
                case .outcomeUnknown(let reason), .unreachable(let reason): why = reason
                default: throw error
                }
                let mayWantTLS = endpoint.mayWantTLS && why != RedisChannelHandler.lateness
                throw RedisError.unreachable("\(endpoint): \(why)" + (mayWantTLS ? " (if it requires TLS, use rediss://)" : ""))
            }
            return self
        }
    }

    /// The name only shows in CLIENT LIST; a user without the right to set it may connect. A missing reply is an error.
    private static func allowNameless(_ result: Result<Reply, RedisError>) throws(RedisError) {
        switch result {
        case .success, .failure(.refused), .failure(.server): return
        case .failure(let error): throw error
        }
    }

    /// - Parameter answer: called once, on the event loop.
    private func enqueue(
        _ commands: [Command], deadline: NIODeadline, isMeasured: Bool = true,
        answer: @escaping @Sendable ([Result<Reply, RedisError>]) -> Void
    ) {
        guard !channel.eventLoop.inEventLoop else {
            return handler.value.send(commands, deadline: deadline, isMeasured: isMeasured, on: channel, answer: answer)
        }
        channel.eventLoop.execute {
            self.handler.value.send(commands, deadline: deadline, isMeasured: isMeasured, on: self.channel, answer: answer)
        }
    }

    public func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        await send(commands, deadline: .now() + timeout)
    }

    /// Sends commands of which the last may be held for `blocking`. The others are answered first, but returned with it.
    public func send(_ commands: [Command], blocking: Duration) async -> [Result<Reply, RedisError>] {
        await send(commands, deadline: .now() + timeout + TimeAmount(blocking), isMeasured: false)
    }

    func send(
        _ commands: [Command], deadline: NIODeadline, isMeasured: Bool = true
    ) async -> [Result<Reply, RedisError>] {
        let results = await withCheckedContinuation { continuation in
            enqueue(commands, deadline: deadline, isMeasured: isMeasured) { continuation.resume(returning: $0) }
        }
        for case .failure(let error) in results {
            switch error {
            // The server is a replica. The next command connects again, perhaps to the primary.
            case .readOnly: close()
            case .moved where onRedirect != nil:
                onRedirect?(error)
                close()
            default: break
            }
        }
        return results
    }

    /// Closes the connection; the outcome of commands without a reply is unknown.
    public func close() { channel.close(promise: nil) }

    func whenClosed(_ action: @escaping @Sendable () -> Void) { channel.closeFuture.whenComplete { _ in action() } }
}

/// What a client's connections have in common.
public struct RedisOptions: Sendable {
    /// Bounds connecting, and each command from its sending to its reply. 500 ms by default.
    public var commandTimeout: TimeAmount = .milliseconds(500)
    /// How much longer, with Sentinels or a cluster, commands that were not applied are tried again: until another server has
    /// taken over, or a slot has been moved. 500 ms by default.
    public var failoverTimeout: TimeAmount = .milliseconds(500)
    /// How long connecting may take where another server may take over meanwhile: a server that hangs is asked for again.
    static let failoverConnectTimeout = TimeAmount.milliseconds(250)
    /// What CLIENT LIST shows; no spaces.
    public var clientName = "skmuseum"
    /// Called on the event loop with the first command's name, or its script's, and the time from sending a batch to its last
    /// reply. Not called for reads that block, nor where a reply is missing.
    public var onReply: (@Sendable (_ command: String, _ duration: Duration) -> Void)?
    /// Called when another server is found to be primary, with what it is primary of.
    public var onPrimaryChange: (@Sendable (_ what: String, _ from: String, _ to: String) -> Void)?

    public init() {}

    /// How long commands may wait for a connection and be tried again if they were not applied; at least the command timeout.
    func retryTimeout(of topology: RedisEndpoint.Topology) -> TimeAmount {
        topology == .server ? commandTimeout : commandTimeout + failoverTimeout
    }
}
