import NIOCore
import NIOPosix
import Synchronization

/// One pipelined connection per event loop to one server, made when first needed and again when lost.
final class ConnectionPool: Sendable {
    private let connect: @Sendable (any EventLoop) -> EventLoopFuture<RedisConnection>
    private let slots: [ConnectionSlot]
    private let slotsByEventLoop: [ObjectIdentifier: ConnectionSlot]
    private let turn = Atomic<Int>(0)

    private static var group: MultiThreadedEventLoopGroup { .singleton }

    /// - Parameter longestPause: between attempts to connect.
    init(
        to endpoint: RedisEndpoint, longestPause: Duration,
        connect: @escaping @Sendable (any EventLoop) -> EventLoopFuture<RedisConnection>
    ) {
        self.connect = connect
        let eventLoops = Array(Self.group.makeIterator())
        slots = eventLoops.map { ConnectionSlot(to: endpoint, on: $0, longestPause: longestPause, connect: connect) }
        slotsByEventLoop = Dictionary(uniqueKeysWithValues: zip(eventLoops.map(ObjectIdentifier.init), slots))
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

    /// A connection that is shared, waited for until the deadline.
    func connection(before deadline: NIODeadline) async throws(RedisError) -> RedisConnection {
        try await nextSlot.connection(before: deadline)
    }

    /// A connection of its own. The caller closes it.
    func dedicated() async throws(RedisError) -> RedisConnection {
        do {
            return try await connect(Self.group.next()).get()
        } catch let error as RedisError {
            throw error
        } catch {
            throw .unreachable("\(error)")
        }
    }

    /// Closes every shared connection. A later command opens them again.
    func close() {
        for slot in slots { slot.close() }
    }
}
