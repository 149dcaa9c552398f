import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A TCP proxy on 127.0.0.1 that can delay, lose, hold back or refuse traffic. What it did is counted, so that a test can tell that its fault took
/// effect.
public final class FaultProxy: Sendable {
    public enum Mode: Sendable, Equatable {
        case forwarding
        /// What the client sends arrives that much later, also if the client has gone by then.
        case late(Duration)
        /// One reply in so many is thrown away after the server has acted, and the connection closed.
        case losesReplies(oneIn: Int)
        /// Nothing passes in either direction, nothing is closed; what was held back arrives when the mode is over.
        case halfOpen
        /// Whoever connects is closed at once.
        case shut
    }

    /// What the faults did, counted in chunks of bytes or in connections.
    public struct FaultCounts: Sendable {
        public var delayed = 0
        public var lost = 0
        public var held = 0
        public var cut = 0
        public var refused = 0
    }

    public let port: Int
    private let target: Int
    private let state: Mutex<State>
    private let listener: any Channel

    private struct State {
        var mode = Mode.forwarding
        var counts = FaultCounts()
        var onTheWay = 0
        var random: SeededRandom
        var fronts: [ObjectIdentifier: any Channel] = [:]
        var relays: [ObjectIdentifier: NIOLoopBound<Relay>] = [:]
    }

    /// - Parameter target: the port on 127.0.0.1 that it stands in front of.
    public static func open(to target: Int, seed: UInt64) async throws -> FaultProxy {
        let port = try FreePorts.take(1)[0]
        let box = LockedBox<FaultProxy?>(nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { front in
                guard let proxy = box.value else { return front.eventLoop.makeFailedFuture(Failed("not open yet")) }
                return proxy.accept(front)
            }
            .bind(host: "127.0.0.1", port: port).get()
        let proxy = FaultProxy(port: port, target: target, seed: seed, listener: listener)
        box.value = proxy
        return proxy
    }

    private init(port: Int, target: Int, seed: UInt64, listener: any Channel) {
        self.port = port
        self.target = target
        self.listener = listener
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    /// Whether nothing waits to be delivered late.
    public var isDrained: Bool { state.withLock { $0.onTheWay == 0 } }
    public var mode: Mode { state.withLock { $0.mode } }
    public var counts: FaultCounts { state.withLock { $0.counts } }

    public func set(_ mode: Mode) {
        let relays = state.withLock { state in
            state.mode = mode
            return Array(state.relays.values)
        }
        guard mode != .halfOpen else { return }
        for relay in relays { relay.eventLoop.execute { relay.value.deliverHeld() } }
    }

    /// Closes every connection at once, in the middle of whatever is said.
    /// - Returns: how many there were.
    @discardableResult
    public func cut() -> Int {
        let fronts = state.withLock { state in
            state.counts.cut += state.fronts.count
            return Array(state.fronts.values)
        }
        for front in fronts { front.close(mode: .all, promise: nil) }
        return fronts.count
    }

    public func close() async {
        try? await listener.close()
        cut()
    }

    /// The mode, once for each chunk; the throw of whether this reply is lost is its own.
    func currentMode(isReply: Bool) -> (mode: Mode, isLost: Bool) {
        state.withLock { state in
            guard isReply, case .losesReplies(let times) = state.mode else { return (state.mode, false) }
            let isLost = state.random.once(in: times)
            if isLost { state.counts.lost += 1 }
            return (state.mode, isLost)
        }
    }

    func count(_ counted: any WritableKeyPath<FaultCounts, Int> & Sendable) {
        state.withLock { $0.counts[keyPath: counted] += 1 }
    }

    func onTheWay(_ change: Int) { state.withLock { $0.onTheWay += change } }

    private func accept(_ front: any Channel) -> EventLoopFuture<Void> {
        if mode == .shut {
            count(\.refused)
            return front.eventLoop.makeFailedFuture(Failed("shut"))
        }
        return ClientBootstrap(group: front.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: target)
            .flatMapThrowing { back in
                let requests = Relay(proxy: self, isReply: false, to: back)
                let replies = Relay(proxy: self, isReply: true, to: front)
                try front.pipeline.syncOperations.addHandler(requests)
                try back.pipeline.syncOperations.addHandler(replies)
                self.enter(front, [requests, replies])
                front.setOption(.autoRead, value: true).whenComplete { _ in }
                back.setOption(.autoRead, value: true).whenComplete { _ in }
            }
    }

    private func enter(_ front: any Channel, _ relays: [Relay]) {
        let bound = relays.map { NIOLoopBound($0, eventLoop: front.eventLoop) }
        let names = relays.map { ObjectIdentifier($0) }
        state.withLock { state in
            state.fronts[ObjectIdentifier(front)] = front
            for (name, relay) in zip(names, bound) { state.relays[name] = relay }
        }
        front.closeFuture.whenComplete { _ in
            self.state.withLock { _ = $0.fronts.removeValue(forKey: ObjectIdentifier(front)) }
        }
    }

    func leave(_ relay: Relay) { state.withLock { _ = $0.relays.removeValue(forKey: ObjectIdentifier(relay)) } }
}
