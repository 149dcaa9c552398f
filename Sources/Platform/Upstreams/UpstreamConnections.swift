import NIOCore
import NIOHTTP1
import NIOPosix
import Redis
import Synchronization

/// Kept connections to other processes, some on each event loop. A call that is made on an event loop stays there.
public final class UpstreamConnections: Sendable {
    /// Where a process listens.
    struct Address: Sendable, Hashable {
        let host: String
        let port: Int
        /// The `Host` header.
        let authority: String

        /// - Parameter url: `http://host[:port]`, without a path.
        init(_ url: String) {
            let parts = try? StrictURL(url)
            host = parts?.host ?? ""
            port = parts?.port ?? 80
            authority = String(url.drop { $0 != ":" }.dropFirst(3))
        }
    }

    private let eventLoops: [any EventLoop]
    private let pools: [ObjectIdentifier: NIOLoopBoundBox<LoopPool>]
    private let turn = Atomic<Int>(0)

    public init() {
        eventLoops = Array(MultiThreadedEventLoopGroup.singleton.makeIterator())
        let share = Self.connectionsPerAddress / eventLoops.count
        pools = Dictionary(
            uniqueKeysWithValues: eventLoops.map { eventLoop in
                (
                    ObjectIdentifier(eventLoop),
                    NIOLoopBoundBox.makeBoxSendingValue(LoopPool(eventLoop, limit: share), eventLoop: eventLoop)
                )
            })
    }

    /// As many as a port works at: a request that waited for a connection would count as one that can't be sent. While Museum
    /// hangs, bookings occupy a connection for two seconds each, and reads need others.
    private static let connectionsPerAddress = 2048

    /// Sends a request. A task that is cancelled gives up its connection, too.
    /// - Throws: ``Upstream/Fault/notSent`` if there is no connection.
    func send(
        _ method: HTTPMethod, to address: Address, _ target: String, headers: HTTPHeaders, body: ByteBuffer?,
        streamedType: String? = nil, deadline: NIODeadline
    ) async throws(Upstream.Fault) -> UpstreamResponse {
        // What begins another line or another part of it could be another request.
        guard !target.isEmpty, target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { throw .noResponse(timedOut: false) }
        let eventLoop = eventLoop
        guard let pool = pools[ObjectIdentifier(eventLoop)] else { throw .notSent }
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: headers)
        head.headers.replaceOrAdd(name: "Host", value: address.authority)
        // A length other than the body's would make the next request on the connection a part of this one.
        head.headers.remove(name: "Transfer-Encoding")
        if let length = body?.readableBytes ?? ([.POST, .PUT, .PATCH].contains(method) ? 0 : nil) {
            head.headers.replaceOrAdd(name: "Content-Length", value: String(length))
        } else {
            head.headers.remove(name: "Content-Length")
        }
        let call = Call(head: head, body: body, streamedType: streamedType, address: address, deadline: deadline)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<UpstreamResponse, Upstream.Fault>, Never>) in
                if eventLoop.inEventLoop { return pool.value.start(call) { continuation.resume(returning: $0) } }
                eventLoop.execute { pool.value.start(call) { continuation.resume(returning: $0) } }
            }
        } onCancel: {
            // It may come before the start.
            call.isCancelled.store(true, ordering: .releasing)
            eventLoop.execute { pool.value.cancel(ObjectIdentifier(call)) }
        }
        return try result.get()
    }

    /// The one that this runs on; else each in turn.
    private var eventLoop: any EventLoop {
        if let current = MultiThreadedEventLoopGroup.currentEventLoop, pools[ObjectIdentifier(current)] != nil { return current }
        return eventLoops[turn.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max % eventLoops.count]
    }

    /// Closes all connections. A call without its response ends as without one, and a later call with ``Upstream/Fault/notSent``.
    public func shutdown() async {
        for eventLoop in eventLoops {
            guard let pool = pools[ObjectIdentifier(eventLoop)] else { continue }
            // It can only fail on a loop that is shut down, which has no connections any more.
            try? await eventLoop.submit { pool.value.shutdown() }.get()
        }
    }
}

/// One request on its way.
private final class Call: Sendable {
    let head: HTTPRequestHead
    let body: ByteBuffer?
    let streamedType: String?
    let address: UpstreamConnections.Address
    let deadline: NIODeadline
    let isCancelled = Atomic(false)

    init(
        head: HTTPRequestHead, body: ByteBuffer?, streamedType: String?, address: UpstreamConnections.Address,
        deadline: NIODeadline
    ) {
        self.head = head
        self.body = body
        self.streamedType = streamedType
        self.address = address
        self.deadline = deadline
    }
}

/// The connections of one event loop. Use it only there.
private final class LoopPool {
    private enum State {
        case connecting(UpstreamConnection.Completion)
        case exchanging(UpstreamConnection)
    }

    /// A process that is there accepts at once, and several that are not must fit into one deadline.
    private static let connectWithin = TimeAmount.milliseconds(250)

    private let eventLoop: any EventLoop
    private let limit: Int
    /// The one that was used last comes last, so that those not needed any more become idle.
    private var idle: [UpstreamConnections.Address: [UpstreamConnection]] = [:]
    /// All there are, and those that are being made.
    private var open: [UpstreamConnections.Address: Int] = [:]
    private var connections: [ObjectIdentifier: (connection: UpstreamConnection, address: UpstreamConnections.Address)] = [:]
    private var calls: [ObjectIdentifier: State] = [:]
    private var isShutDown = false

    init(_ eventLoop: any EventLoop, limit: Int) {
        self.eventLoop = eventLoop
        self.limit = limit
    }

    func start(_ call: Call, complete: @escaping UpstreamConnection.Completion) {
        guard !isShutDown, !call.isCancelled.load(ordering: .acquiring) else { return complete(.failure(.notSent)) }
        if let connection = idle[call.address]?.popLast() { return send(call, on: connection, complete) }
        guard open[call.address, default: 0] < limit, call.deadline > .now() else { return complete(.failure(.notSent)) }
        open[call.address, default: 0] += 1
        calls[ObjectIdentifier(call)] = .connecting(complete)
        connect(call).assumeIsolated().whenComplete { result in
            guard case .connecting? = self.calls.removeValue(forKey: ObjectIdentifier(call)) else {
                // The call was cancelled meanwhile.
                if case .success(let connection) = result { connection.value.cancel() } else { self.open[call.address]? -= 1 }
                return
            }
            switch result {
            case .success(let connection): self.send(call, on: connection.value, complete)
            case .failure:
                self.open[call.address]? -= 1
                complete(.failure(.notSent))
            }
        }
    }

    private func send(_ call: Call, on connection: UpstreamConnection, _ complete: @escaping UpstreamConnection.Completion) {
        calls[ObjectIdentifier(call)] = .exchanging(connection)
        connection.send(call.head, call.body, streamedType: call.streamedType, deadline: call.deadline) { result in
            self.calls[ObjectIdentifier(call)] = nil
            complete(result)
        }
    }

    func cancel(_ call: ObjectIdentifier) {
        switch calls.removeValue(forKey: call) {
        case .exchanging(let connection): connection.cancel()
        case .connecting(let complete): complete(.failure(.notSent))
        case nil: break
        }
    }

    private func connect(_ call: Call) -> EventLoopFuture<NIOLoopBound<UpstreamConnection>> {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(min(Self.connectWithin, call.deadline - .now()))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: call.address.host, port: call.address.port)
            .flatMapThrowing { channel in
                let connection = try bound.value.adopt(channel, to: call.address)
                return NIOLoopBound(connection, eventLoop: channel.eventLoop)
            }
    }

    private func adopt(_ channel: any Channel, to address: UpstreamConnections.Address) throws -> UpstreamConnection {
        // A handler that is added to a closed channel is not told that it is closed.
        guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
        let connection = UpstreamConnection(on: channel) { connection in
            self.idle[address, default: []].append(connection)
        } onClose: { connection in
            self.connections[ObjectIdentifier(connection)] = nil
            self.open[address]? -= 1
            if let place = self.idle[address]?.firstIndex(where: { $0 === connection }) { self.idle[address]?.remove(at: place) }
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHTTPClientHandlers()
        try pipeline.addHandler(connection)
        connections[ObjectIdentifier(connection)] = (connection, address)
        return connection
    }

    func shutdown() {
        isShutDown = true
        for call in calls.keys { cancel(call) }
        for (connection, _) in connections.values { connection.cancel() }
    }
}
