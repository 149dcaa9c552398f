import NIOCore
import NIOPosix
import Synchronization

/// A Redis server reached over one pipelined connection per event loop, made when first needed and again when lost.
public final class RedisClient: RedisSender {
    public let endpoint: RedisEndpoint
    private let options: RedisOptions
    private let group: MultiThreadedEventLoopGroup
    private let lanes: [Lane]
    private let turn = Atomic<Int>(0)

    public init(_ endpoint: RedisEndpoint, options: RedisOptions = RedisOptions()) {
        self.endpoint = endpoint
        self.options = options
        self.group = .singleton
        self.lanes = Array(group.makeIterator()).map { Lane(endpoint: endpoint, options: options, eventLoop: $0) }
    }

    public func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        let lane = lanes[turn.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max % lanes.count]
        let deadline = NIODeadline.now() + options.commandTimeout
        var attempt = 0
        do throws(RedisError) {
            while true {
                let connection = try await lane.connection(before: deadline)
                guard NIODeadline.now() < deadline else { throw .unreachable("\(endpoint): connected too late") }
                let results = await connection.send(commands, deadline: deadline)
                // Certainly not done, and soon perhaps possible: again, as long as there is time.
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
    public func dedicatedConnection() async throws(RedisError) -> RedisConnection {
        do {
            return try await RedisConnection.connect(to: endpoint, options: options, on: group.next()).get()
        } catch let error as RedisError {
            throw error
        } catch {
            throw .unreachable("\(endpoint): \(error)")
        }
    }

    /// Closes every connection. A later command opens them again.
    public func close() {
        for lane in lanes { lane.close() }
    }
}

/// One event loop's connection: there, being made, or to be tried again at a certain moment.
private final class Lane: Sendable {
    private enum State {
        case idle
        case connecting(EventLoopFuture<RedisConnection>)
        case ready(RedisConnection)
        case failed(RedisError, attempts: Int, retryAt: NIODeadline)
    }

    private let endpoint: RedisEndpoint
    private let options: RedisOptions
    private let eventLoop: any EventLoop
    private let state = Mutex(State.idle)

    init(endpoint: RedisEndpoint, options: RedisOptions, eventLoop: any EventLoop) {
        self.endpoint = endpoint
        self.options = options
        self.eventLoop = eventLoop
    }

    /// The connection, waited for until the deadline. Once the pauses between attempts
    /// have grown past that, callers in between are refused at once.
    func connection(before deadline: NIODeadline) async throws(RedisError) -> RedisConnection {
        while true {
            switch next() {
            case .ready(let connection): return connection
            case .connecting(let future):
                if let connection = try? await future.get() { return connection }
            case .failed(let error, _, let retryAt):
                guard retryAt < deadline else { throw error }
                do { try await Task.sleep(for: Duration(retryAt - .now())) } catch { throw .unreachable("cancelled") }
            case .idle: break
            }
        }
    }

    private func next() -> State {
        state.withLock { state in
            switch state {
            case .ready(let connection) where connection.isActive: return state
            case .connecting: return state
            case .failed(_, let attempts, let retryAt):
                if retryAt > .now() { return state }
                state = .connecting(connect(attempt: attempts + 1))
            case .ready, .idle:
                state = .connecting(connect(attempt: 1))
            }
            return state
        }
    }

    private func connect(attempt: Int) -> EventLoopFuture<RedisConnection> {
        // Hopping to the loop first: the outcome can't arrive while the lock is still held.
        eventLoop.flatSubmit { [endpoint, options, eventLoop] in
            RedisConnection.connect(to: endpoint, options: options, on: eventLoop)
        }.always { result in
            self.state.withLock { state in
                switch result {
                case .success(let connection): state = .ready(connection)
                case .failure(let error):
                    let known = error as? RedisError ?? .unreachable("\(self.endpoint): \(error)")
                    let pause = Backoff.pause(attempt: attempt, from: .milliseconds(20), to: .seconds(1))
                    state = .failed(known, attempts: attempt, retryAt: .now() + TimeAmount(pause))
                }
            }
        }
    }

    func close() {
        state.withLock { state in
            if case .ready(let connection) = state { connection.close() }
            state = .idle
        }
    }
}

/// Pauses that double and are jittered, so that many who lost the same server don't come back in step.
public enum Backoff {
    /// The pause before the next try: half to all of `first` doubled per attempt, at most `limit`.
    public static func pause(attempt: Int, from first: Duration, to limit: Duration) -> Duration {
        let doubled = first * (1 << min(max(attempt - 1, 0), 16))
        return min(doubled, limit) * Double.random(in: 0.5...1)
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
