import Contracts
import NIOCore
import NIOPosix
import Synchronization

/// The time by which a request gets its response, whatever its route still waits for.
///
/// It begins when the body has been read, or at once where the route reads none. When it passes, a read is cancelled and a
/// write runs to its end; the response is the failure that the route named last.
public final class RequestDeadline: Sendable {
    /// The deadline of the request that the current task works for.
    @TaskLocal public static var current: RequestDeadline?

    /// From the body's end to the response, where this process does the work.
    public static let local = Duration.seconds(2)
    /// The same if the gateway forwards the request; the other process has ``local``.
    public static let forwarded = Duration.seconds(3)

    private struct State {
        var instant: ContinuousClock.Instant?
        var failure: RequestError
        var complete: (@Sendable (Result<DocumentResponse, any Error>) -> Void)?
        var task: Task<Void, Never>?
        var isCancelled = false
        var isOver = false
    }

    private let isRead: Bool
    private let queue: DeadlineQueue
    private let state: Mutex<State>

    /// - Parameter isRead: whether the request changes nothing.
    init(isRead: Bool, queue: DeadlineQueue) {
        self.isRead = isRead
        self.queue = queue
        let failure = isRead ? Failure.storageUnavailable("The data could not be read in time") : .outcomeUnknown(booking: nil)
        state = Mutex(State(failure: .failure(failure)))
    }

    /// When it passes; `nil` while the body is being read.
    public var instant: ContinuousClock.Instant? { state.withLock { $0.instant } }

    /// Whether the request has its response, so that nothing is left to do when the deadline passes.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// Sets the failure to respond with if the deadline passes.
    public func respondsAtEnd(with failure: RequestError) { state.withLock { $0.failure = failure } }

    /// Begins, unless it has begun already.
    func begin() {
        let hasBegun = state.withLock { state in
            defer { state.instant = state.instant ?? ContinuousClock.now + queue.limit }
            return state.instant != nil
        }
        if !hasBegun { queue.add(self) }
    }

    /// The work's response, or the failure if that is not there in time.
    func response(of work: @escaping @Sendable () async throws -> DocumentResponse) async throws -> DocumentResponse {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                run(work) { continuation.resume(with: $0) }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Starts the work, here up to its first wait.
    /// - Parameters:
    ///   - executor: where it goes on after a wait; `nil`: on any thread.
    ///   - complete: called once, on any thread: with the work's response, or the failure if that is not there in time.
    func run(
        _ work: @escaping @Sendable () async throws -> DocumentResponse, on executor: (any TaskExecutor)? = nil,
        complete: @escaping @Sendable (Result<DocumentResponse, any Error>) -> Void
    ) {
        state.withLock { $0.complete = complete }
        // Most reads need no other thread until Redis replies.
        let task = Task.immediate(executorPreference: executor) {
            await Self.$current.withValue(self) {
                do { end(.success(try await work())) } catch { end(.failure(error)) }
            }
        }
        let isCancelled = state.withLock { state in
            if !state.isOver { state.task = task }
            return state.isCancelled || state.isOver
        }
        if isCancelled, isRead { task.cancel() }
    }

    /// The client has hung up. A write runs to its end all the same.
    func cancel() {
        guard isRead else { return }
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }

    /// The deadline has passed.
    func pass() {
        let (failure, task) = state.withLock { ($0.failure, $0.task) }
        end(.failure(failure))
        if isRead { task?.cancel() }
    }

    private func end(_ result: Result<DocumentResponse, any Error>) {
        let complete = state.withLock { state in
            defer {
                state.complete = nil
                state.task = nil
                state.isOver = true
            }
            return state.complete
        }
        complete?(result)
    }
}

/// Deadlines with one common limit, in the order in which they expire. One timer serves all of them.
final class DeadlineQueue: Sendable {
    private struct State {
        var deadlines = CircularBuffer<RequestDeadline>()
        var hasTimer = false
    }

    let limit: Duration
    private let state = Mutex(State())

    init(limit: Duration) { self.limit = limit }

    func add(_ deadline: RequestDeadline) {
        let needsTimer = state.withLock { state in
            while state.deadlines.first?.isOver ?? false { state.deadlines.removeFirst() }
            state.deadlines.append(deadline)
            defer { state.hasTimer = true }
            return !state.hasTimer
        }
        if needsTimer { setTimer(in: limit) }
    }

    private func setTimer(in delay: Duration) {
        MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(delay)) { self.passDue(at: .now) }
    }

    private func passDue(at now: ContinuousClock.Instant) {
        let (due, next) = state.withLock { state in
            var due: [RequestDeadline] = []
            while let first = state.deadlines.first, first.isOver || first.instant.map({ $0 <= now }) ?? true {
                due.append(state.deadlines.removeFirst())
            }
            state.hasTimer = !state.deadlines.isEmpty
            return (due, state.deadlines.first?.instant)
        }
        for deadline in due { deadline.pass() }
        if let next { setTimer(in: next - now) }
    }
}
