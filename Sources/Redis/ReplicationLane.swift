import NIOCore
import Synchronization

/// Group commit for one hash tag: one connection, one flush at a time, which carries all that has come meanwhile.
final class ReplicationLane: Sendable {
    private struct State {
        var waiting: [PendingCall] = []
        var size = 0
        var inFlight: [PendingCall] = []
        /// Whether a task sends for the lane.
        var isSending = false
        /// Whether a task ends calls at their deadlines.
        var isTimed = false
        var connection: RedisConnection?
        /// Whether another lane has its place.
        var isRetired = false
        /// Why there is no connection at present.
        var lastError: RedisError?
    }

    /// Most bytes and calls that wait. Half of what one connection takes in flight.
    static let sizeLimit = 8 << 20
    static let callsLimit = 4096

    private let fence: Command
    private let wait: Command
    private let callTimeout: Duration
    private let waitTimeout: Duration
    private let observer: ReplicatedSender.Observer
    private let connect: @Sendable () async throws(RedisError) -> RedisConnection
    private let state = Mutex(State())

    /// - Parameters:
    ///   - fence: a write in the lane's slot. A server may answer WAIT at once where the connection has written nothing, though
    ///     an earlier write of another, which made a script change nothing, has not reached a replica.
    ///   - callTimeout: within which each call has its replies.
    ///   - connect: makes a connection to the server that has the slot.
    init(
        fence: Command, callTimeout: Duration, waitTimeout: Duration, observer: ReplicatedSender.Observer,
        connect: @escaping @Sendable () async throws(RedisError) -> RedisConnection
    ) {
        self.fence = fence
        wait = Command("WAIT", "1", String(Int(waitTimeout / .milliseconds(1))))
        self.callTimeout = callTimeout
        self.waitTimeout = waitTimeout
        self.observer = observer
        self.connect = connect
    }

    /// The replies in order, within `callTimeout`.
    func send(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        await withCheckedContinuation { continuation in
            enqueue(PendingCall(commands, deadline: .now() + TimeAmount(callTimeout), continuation))
        }
    }

    private func enqueue(_ call: PendingCall) {
        let (isFull, isIdle, needsTimer) = state.withLock { state in
            let isFull = state.waiting.count >= Self.callsLimit || state.size + call.size > Self.sizeLimit
            if state.isRetired || isFull && !state.waiting.isEmpty { return (true, false, false) }
            state.waiting.append(call)
            state.size += call.size
            defer { (state.isSending, state.isTimed) = (true, true) }
            return (false, !state.isSending, !state.isTimed)
        }
        if isFull { return call.end(.busy("too many writes wait for a replica")) }
        if isIdle { Task { await flushAll() } }
        if needsTimer { Task { await watch(until: call.deadline) } }
    }

    /// Flushes until nobody waits any more.
    private func flushAll() async {
        var attempt = 0
        while hasWaiting() {
            if attempt > 0 {
                try? await Task.sleep(for: Backoff.pause(attempt: attempt, from: .milliseconds(5), to: .milliseconds(100)))
            }
            let connection: RedisConnection
            do throws(RedisError) {
                connection = try await self.connection()
            } catch {
                state.withLock { $0.lastError = error }
                attempt += 1
                continue
            }
            attempt = await flush(takeWaiting(), on: connection) ? 0 : attempt + 1
        }
    }

    /// `false`, and an end of the sending, if there is nobody.
    private func hasWaiting() -> Bool {
        state.withLock { state in
            state.isSending = !state.waiting.isEmpty
            return state.isSending
        }
    }

    private func connection() async throws(RedisError) -> RedisConnection {
        if let connection = state.withLock({ $0.connection }), connection.isActive { return connection }
        let connection = try await connect()
        state.withLock { ($0.connection, $0.lastError) = (connection, nil) }
        return connection
    }

    /// Those who go out together now. One with less time than a replica may take is not sent: its outcome would be unknown.
    private func takeWaiting() -> [PendingCall] {
        let enough = NIODeadline.now() + TimeAmount(waitTimeout)
        let (calls, late) = state.withLock { state in
            let calls = state.waiting.filter { $0.deadline > enough }
            let late = state.waiting.filter { $0.deadline <= enough }
            (state.waiting, state.size, state.inFlight) = ([], 0, calls)
            return (calls, late)
        }
        for call in late { call.end(.unreachable("Redis is too slow")) }
        return calls
    }

    /// - Returns: `false` if something was certainly not applied and waits again.
    private func flush(_ calls: [PendingCall], on connection: RedisConnection) async -> Bool {
        if calls.isEmpty { return true }
        let commands = calls.flatMap(\.commands)
        let start = NIODeadline.now()
        let replies = await connection.send(commands + [fence, wait], blocking: waitTimeout)
        let failure = Self.failure(fence: replies[commands.count], wait: replies[commands.count + 1])
        observer.flushed(in: Duration(.now() - start), failure: failure)
        var again: [PendingCall] = []
        var place = 0
        for call in calls {
            let results = replies[place..<place + call.commands.count].map { result in
                if case .success = result, let failure { return Result<Reply, RedisError>.failure(failure) }
                return result
            }
            place += call.commands.count
            if results.allSatisfy(\.deservesAnotherConnection), call.deadline > .now() {
                again.append(call)
            } else {
                call.end(results)
            }
        }
        if !again.isEmpty { connection.close() }
        state.withLock { state in
            state.inFlight = []
            state.waiting.insert(contentsOf: again, at: 0)
            state.size += again.reduce(0) { $0 + $1.size }
        }
        return again.isEmpty
    }

    /// Why what has succeeded is not known to be on a replica.
    private static func failure(fence: Result<Reply, RedisError>, wait: Result<Reply, RedisError>) -> RedisError? {
        switch (fence, wait) {
        case (.success, .success(.integer(1...))): nil
        case (.success, .success): .outcomeUnknown("no replica has confirmed the write in time")
        case (.failure(let error), _), (_, .failure(let error)): .outcomeUnknown("the write is not confirmed: \(error)")
        }
    }

    /// Ends the calls whose deadlines have passed, as long as anybody waits.
    private func watch(until first: NIODeadline) async {
        var next: NIODeadline? = first
        while let deadline = next {
            try? await Task.sleep(for: Duration(deadline - .now()))
            next = endLate()
        }
    }

    /// - Returns: the next deadline; `nil` if nobody waits.
    private func endLate() -> NIODeadline? {
        let now = NIODeadline.now()
        let (unsent, sent, error, next) = state.withLock { state in
            let unsent = state.waiting.filter { $0.deadline <= now }
            let sent = state.inFlight.filter { $0.deadline <= now }
            state.waiting.removeAll { $0.deadline <= now }
            state.inFlight.removeAll { $0.deadline <= now }
            state.size -= unsent.reduce(0) { $0 + $1.size }
            let next = (state.waiting + state.inFlight).map(\.deadline).min()
            state.isTimed = next != nil
            return (unsent, sent, state.lastError, next)
        }
        for call in unsent { call.end(error ?? .unreachable("no connection in time")) }
        for call in sent { call.end(.outcomeUnknown("the deadline passed")) }
        return next
    }

    func close() {
        state.withLock { state in
            state.connection?.close()
            state.connection = nil
        }
    }

    /// Closes for good, if nobody waits.
    func retireIfIdle() -> Bool {
        state.withLock { state in
            guard !state.isSending else { return false }
            state.isRetired = true
            state.connection?.close()
            state.connection = nil
            return true
        }
    }
}

extension Result<Reply, RedisError> {
    /// Not applied, and a later try may succeed: another server has the slot or is the primary now, or the cause is transient.
    fileprivate var deservesAnotherConnection: Bool {
        switch self {
        case .failure(.unreachable), .failure(.busy), .failure(.readOnly), .failure(.moved), .failure(.ask): true
        default: false
        }
    }
}
