import NIOCore
import NIOPosix
import Synchronization

/// A Redis server reached over one pipelined connection per event loop, made when first needed and again when lost.
public final class RedisClient: RedisSender {
    public let endpoint: RedisEndpoint
    private let connect: @Sendable (any EventLoop) -> EventLoopFuture<RedisConnection>
    private let commandTimeout: TimeAmount
    private let group: MultiThreadedEventLoopGroup
    private let slots: [ConnectionSlot]
    private let slotsByEventLoop: [ObjectIdentifier: ConnectionSlot]
    private let turn = Atomic<Int>(0)

    /// Reads the endpoint's files; where one can't be used, commands fail with the reason.
    public init(_ endpoint: RedisEndpoint, options: RedisOptions = RedisOptions()) {
        let tls = Result { () throws(RedisEndpoint.InvalidURL) in try RedisTLS(endpoint) }
        let connect: @Sendable (any EventLoop) -> EventLoopFuture<RedisConnection> = {
            RedisConnection.connect(to: endpoint, tls: tls, options: options, on: $0)
        }
        self.endpoint = endpoint
        self.connect = connect
        self.commandTimeout = options.commandTimeout
        self.group = .singleton
        let eventLoops = Array(group.makeIterator())
        self.slots = eventLoops.map { ConnectionSlot(to: endpoint, on: $0, connect: connect) }
        self.slotsByEventLoop = Dictionary(uniqueKeysWithValues: zip(eventLoops.map(ObjectIdentifier.init), slots))
    }

    /// The one of the event loop that this runs on, so that a command and its reply need no other thread; else each in turn.
    private var nextSlot: ConnectionSlot {
        if let eventLoop = MultiThreadedEventLoopGroup.currentEventLoop,
            let slot = slotsByEventLoop[ObjectIdentifier(eventLoop)]
        {
            return slot
        }
        return slots[turn.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max % slots.count]
    }

    public func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        // `allSatisfy` below is true for an empty list.
        if commands.isEmpty { return [] }
        let slot = nextSlot
        let deadline = NIODeadline.now() + commandTimeout
        var attempt = 0
        do throws(RedisError) {
            while true {
                let connection = try await slot.connection(before: deadline)
                guard NIODeadline.now() < deadline else { throw .unreachable("\(endpoint): connected too late") }
                let results = await connection.send(commands, deadline: deadline)
                // Not applied, and the cause is transient: retry until the deadline.
                guard results.allSatisfy(\.deservesAnotherTry) else { return results }
                attempt += 1
                let pause = Backoff.pause(attempt: attempt, from: .milliseconds(5), to: .milliseconds(100))
                guard NIODeadline.now() + TimeAmount(pause) < deadline, !Task.isCancelled else { return results }
                try? await Task.sleep(for: pause)
            }
        } catch {
            return commands.map { _ in .failure(error) }
        }
    }

    /// A connection of its own, for reads that block. The caller closes it.
    /// - Throws: ``RedisError/unreachable(_:)`` within the command timeout, or the server's refusal of the credentials.
    public func dedicatedConnection() async throws(RedisError) -> RedisConnection {
        do {
            return try await connect(group.next()).get()
        } catch let error as RedisError {
            throw error
        } catch {
            throw .unreachable("\(endpoint): \(error)")
        }
    }

    /// Closes every connection. A later command opens them again.
    public func close() {
        for slot in slots { slot.close() }
    }
}

extension Result<Reply, RedisError> {
    /// Closed before it was sent, or TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN, BUSY.
    fileprivate var deservesAnotherTry: Bool {
        switch self {
        case .failure(.unreachable), .failure(.busy): true
        default: false
        }
    }
}
