import NIOCore
import Synchronization

/// One event loop's connection: ready, connecting, or failed with a time for the next attempt.
final class ConnectionSlot: Sendable {
    private enum State {
        case idle
        /// `after`: why the attempt before has failed.
        case connecting(EventLoopFuture<RedisConnection>, after: RedisError?)
        /// `attempts`: consecutive attempts so far, including connections that closed within ``steadyAfter``.
        case ready(RedisConnection, attempts: Int, since: NIODeadline)
        case failed(RedisError, attempts: Int, retryAt: NIODeadline)
    }

    /// A connection that is lost sooner counts as a failed attempt: the next one waits for its pause.
    private static let steadyAfter = TimeAmount.seconds(1)
    /// The longest pause: a recovered server is reconnected within a second.
    static let longestPause = Duration.milliseconds(800)
    /// The same where another server may take over at any moment.
    static let failoverPause = Duration.milliseconds(100)

    private let endpoint: RedisEndpoint
    private let eventLoop: any EventLoop
    private let longestPause: Duration
    private let connect: @Sendable (any EventLoop) -> EventLoopFuture<RedisConnection>
    private let slot = Mutex(Slot())

    private struct Slot {
        var state = State.idle
        /// How often it has been closed; the result of an attempt that began before is discarded.
        var closings = 0
    }

    init(
        to endpoint: RedisEndpoint, on eventLoop: any EventLoop, longestPause: Duration = ConnectionSlot.longestPause,
        connect: @escaping @Sendable (any EventLoop) -> EventLoopFuture<RedisConnection>
    ) {
        self.endpoint = endpoint
        self.eventLoop = eventLoop
        self.longestPause = longestPause
        self.connect = connect
    }

    /// The connection, waited for until the deadline. Once the pauses between attempts
    /// have grown past that, callers in between are refused at once.
    func connection(before deadline: NIODeadline) async throws(RedisError) -> RedisConnection {
        while true {
            switch next() {
            case .ready(let connection, _, _): return connection
            case .connecting(let future, let reason):
                guard NIODeadline.now() < deadline else { throw reason ?? .unreachable("\(endpoint): no connection in time") }
                // 20 ms past the deadline, so that an attempt that began with this call reports its own error.
                if let connection = try? await future.get(before: deadline + .milliseconds(20)) { return connection }
            case .failed(let error, _, let retryAt):
                guard retryAt < deadline else { throw error }
                do { try await Task.sleep(for: Duration(retryAt - .now())) } catch { throw .unreachable("cancelled") }
            case .idle: break
            }
        }
    }

    private func next() -> State {
        slot.withLock { slot in
            switch slot.state {
            case .ready(let connection, _, _) where connection.isActive: break
            case .ready(_, let attempts, let since) where .now() - since < Self.steadyAfter:
                slot.state = failed(.unreachable("\(endpoint) closed a connection that was just made"), attempts: attempts)
            case .failed(_, _, let retryAt) where retryAt > .now(): break
            case .failed(let error, let attempts, _):
                slot.state = .connecting(connecting(attempt: attempts + 1, closings: slot.closings), after: error)
            case .ready, .idle: slot.state = .connecting(connecting(attempt: 1, closings: slot.closings), after: nil)
            case .connecting: break
            }
            return slot.state
        }
    }

    private func failed(_ error: RedisError, attempts: Int) -> State {
        let pause = Backoff.pause(attempt: attempts, from: .milliseconds(20), to: longestPause)
        return .failed(error, attempts: attempts, retryAt: .now() + TimeAmount(pause))
    }

    private func connecting(attempt: Int, closings: Int) -> EventLoopFuture<RedisConnection> {
        // Hopping to the loop first: the outcome can't arrive while the lock is still held.
        eventLoop.flatSubmit { [connect, eventLoop] in connect(eventLoop) }.always { result in
            self.slot.withLock { slot in
                switch result {
                case .success(let connection) where slot.closings != closings: connection.close()
                case .success(let connection): slot.state = .ready(connection, attempts: attempt, since: .now())
                case .failure where slot.closings != closings: break
                case .failure(let error):
                    let known = error as? RedisError ?? .unreachable("\(self.endpoint): \(error)")
                    slot.state = self.failed(known, attempts: attempt)
                }
            }
        }
    }

    func close() {
        slot.withLock { slot in
            if case .ready(let connection, _, _) = slot.state { connection.close() }
            slot.state = .idle
            slot.closings += 1
        }
    }
}

extension EventLoopFuture where Value: Sendable {
    /// The value, waited for no longer than until the deadline.
    fileprivate func get(before deadline: NIODeadline) async throws -> Value {
        let promise = eventLoop.makePromise(of: Value.self)
        // Whichever comes first counts.
        let alarm = eventLoop.scheduleTask(deadline: deadline) {
            promise.fail(RedisError.unreachable("no connection in time"))
        }
        whenComplete { result in
            alarm.cancel()
            promise.completeWith(result)
        }
        return try await promise.futureResult.get()
    }
}
