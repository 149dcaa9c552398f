import NIOCore
import NIOTLS

/// Writes commands to a channel, and assigns each reply to the oldest command without a reply.
///
/// Use it only on its channel's event loop. After a failure, commands in flight end with `outcomeUnknown`, later ones with
/// `unreachable`.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Commands sent together, and those of their replies that have come.
    private final class Batch {
        let count: Int
        let size: Int
        let deadline: NIODeadline
        /// What is measured, and since when; `nil`: nobody measures.
        let measured: (command: String, start: NIODeadline)?
        let answer: ([Result<Reply, RedisError>]) -> Void
        var results: [Result<Reply, RedisError>] = []

        init(
            count: Int, size: Int, deadline: NIODeadline, measured: (command: String, start: NIODeadline)?,
            answer: @escaping ([Result<Reply, RedisError>]) -> Void
        ) {
            self.count = count
            self.size = size
            self.deadline = deadline
            self.measured = measured
            self.answer = answer
            results.reserveCapacity(count)
        }
    }

    /// Most bytes of commands that wait for replies. A server that hangs would else fill our memory until the deadlines pass.
    static let unansweredLimit = 16 << 20
    static let lateness = "the deadline passed"

    private var reader = ReplyReader()
    private var waiting = CircularBuffer<Batch>()
    private var unanswered = 0
    private var alarm: Scheduled<Void>?
    private var alarmAt = NIODeadline.distantFuture
    private var isFlushDue = false
    /// Why it has been given up.
    private var failure: String?
    private let onReply: (@Sendable (String, Duration) -> Void)?
    private let user: String
    private let isSecured: Bool
    private var isHandshakeDue: Bool

    /// - Parameter isSecured: whether there is TLS below. What is sent meanwhile, it keeps until the server has shown who it
    ///   is.
    init(isSecured: Bool = false, user: String = "default", onReply: (@Sendable (String, Duration) -> Void)? = nil) {
        self.user = user
        self.onReply = onReply
        self.isSecured = isSecured
        self.isHandshakeDue = isSecured
    }

    /// - Parameters:
    ///   - isMeasured: whether ``RedisOptions/onReply`` is told how long it takes.
    ///   - answer: called once, with a result for each command.
    func send(
        _ commands: [Command], deadline: NIODeadline, isMeasured: Bool = true, on channel: any Channel,
        answer: @escaping ([Result<Reply, RedisError>]) -> Void
    ) {
        // An empty batch would take the first reply of the next batch.
        if commands.isEmpty { return answer([]) }
        guard failure == nil, channel.isActive else {
            let why = failure ?? "the connection is closed"
            return answer(commands.map { _ in .failure(.unreachable(why)) })
        }
        let size = commands.reduce(0) { $0 + $1.encodedSize }
        guard waiting.isEmpty || unanswered + size <= Self.unansweredLimit else {
            return answer(commands.map { _ in .failure(.busy("too many commands are in flight")) })
        }
        var buffer = channel.allocator.buffer(capacity: size)
        for command in commands { command.encode(into: &buffer) }
        unanswered += size
        let measured = isMeasured && onReply != nil ? (command: commands[0].name, start: NIODeadline.now()) : nil
        waiting.append(Batch(count: commands.count, size: size, deadline: deadline, measured: measured, answer: answer))
        channel.write(buffer, promise: nil)
        flushSoon(channel)
        if deadline < alarmAt { setAlarm(channel) }
    }

    /// One system call for all that is written in the same turn of the event loop.
    private func flushSoon(_ channel: any Channel) {
        if isFlushDue { return }
        isFlushDue = true
        channel.eventLoop.assumeIsolated().execute {
            self.isFlushDue = false
            channel.flush()
        }
    }

    /// One timer for all that wait, set for whichever deadline comes first: those of blocking reads are later than others'.
    private func setAlarm(_ channel: any Channel) {
        guard let earliest = waiting.map(\.deadline).min(), earliest < alarmAt else { return }
        alarm?.cancel()
        alarmAt = earliest
        alarm = channel.eventLoop.assumeIsolated().scheduleTask(deadline: earliest) {
            self.alarmAt = .distantFuture
            if self.waiting.contains(where: { $0.deadline <= .now() }) {
                self.fail(self.isHandshakeDue ? "no TLS handshake in time; is it TLS on this port?" : Self.lateness)
                channel.close(promise: nil)
            } else {
                self.setAlarm(channel)
            }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        do throws(RedisError) {
            let bytes = unwrapInboundIn(data)
            let replies = try bytes.withUnsafeReadableBytes { pointer throws(RedisError) in try reader.feed(pointer) }
            for reply in replies { try deliver(reply) }
        } catch {
            fail(error.description)
            context.close(promise: nil)
        }
    }

    private func deliver(_ reply: Reply) throws(RedisError) {
        guard let batch = waiting.first else { throw .unexpected("a reply without a command") }
        if case .error(let message) = reply {
            batch.results.append(.failure(RedisError(reply: message, user: user)))
        } else {
            batch.results.append(.success(reply))
        }
        guard batch.results.count == batch.count else { return }
        waiting.removeFirst()
        unanswered -= batch.size
        if let measured = batch.measured { onReply?(measured.command, Duration(.now() - measured.start)) }
        batch.answer(batch.results)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { isHandshakeDue = false }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the connection closed")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(isSecured ? RedisTLS.meaning(of: error) : "\(error)")
        context.close(promise: nil)
    }

    private func fail(_ why: String) {
        if failure == nil { failure = why }
        alarm?.cancel()
        unanswered = 0
        while let batch = waiting.popFirst() {
            while batch.results.count < batch.count { batch.results.append(.failure(.outcomeUnknown(why))) }
            batch.answer(batch.results)
        }
    }
}
