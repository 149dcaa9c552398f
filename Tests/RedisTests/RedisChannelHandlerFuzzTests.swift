import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import Redis

/// An error closes the connection: the outcome of pending commands is unknown, and no command gets the reply of another.
@Suite(.timeLimit(.minutes(1)))
struct RedisChannelHandlerFuzzTests {
    /// A connection whose other end is the test.
    private final class Line {
        let channel = EmbeddedChannel()
        let handler = RedisChannelHandler()
        private var answers: [LockedBox<[Result<Reply, RedisError>]?>] = []

        init() throws {
            try channel.pipeline.syncOperations.addHandler(handler)
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 6379)).wait()
        }

        func ask(_ count: Int, _ command: Command = Command("PING")) {
            let box = LockedBox<[Result<Reply, RedisError>]?>(nil)
            let commands = [Command](repeating: command, count: count)
            handler.send(commands, deadline: .distantFuture, on: channel) { box.value = $0 }
            answers.append(box)
        }

        /// The answers of all who asked, one after another; those missing that are not there yet.
        var answered: [Result<Reply, RedisError>] { answers.flatMap { $0.value ?? [] } }

        func hear(_ bytes: ArraySlice<UInt8>) {
            // What the channel itself complains about is no matter of ours: it has been closed.
            _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        }
    }

    /// Never what a reply begins with.
    private static let nonsense = [
        "x", "\r\n", "\0", "HTTP/1.1 400 Bad Request\r\n", ":1x\r\n", "*-2\r\n", "*2147483647\r\n", "\u{15}\u{3}",
    ]

    @Test func eachCommandReceivesItsOwnReply() throws {
        let seed = Seed.another
        let hint: Comment = "FUZZ_SEED=\(seed)"
        var maker = ReplyMaker(seed: SeededRandom(seed: seed))
        for _ in 0..<3_000 {
            let line = try Line()
            let asked = (0...maker.seed.below(4)).map { _ in 1 + maker.seed.below(3) }
            for count in asked { line.ask(count) }
            let due = asked.reduce(0, +)
            let replies = (0..<maker.seed.below(due)).map { _ in maker.reply(depth: 2) }
            var bytes: [UInt8] = []
            for reply in replies { maker.encode(reply, into: &bytes) }
            let isNonsense = maker.seed.once(in: 2)
            bytes += Self.nonsense[maker.seed.below(Self.nonsense.count)].utf8.prefix(isNonsense ? .max : 0)
            for piece in maker.pieces(bytes) { line.hear(piece) }
            // Otherwise the server hangs up.
            if !isNonsense { line.channel.pipeline.fireChannelInactive() }

            let answers = line.answered
            try #require(answers.count == due, hint)
            let good = answers.prefix { if case .success = $0 { true } else { false } }
            try #require(good == replies.prefix(good.count).map { .success($0) }[...], hint)
            try #require(isNonsense || good.count == replies.count, hint)
            for answer in answers.dropFirst(good.count) {
                guard case .failure(.outcomeUnknown) = answer else { Issue.record("\(answer) \(hint)"); return }
            }
            try #require(!isNonsense || !line.channel.isActive, hint)
            // Neither what comes later nor what is asked later has any effect.
            line.ask(2)
            line.hear(Array("+LATE\r\n+LATE\r\n".utf8)[...])
            for answer in line.answered.suffix(2) {
                guard case .failure(.unreachable) = answer else { Issue.record("\(answer) \(hint)"); return }
            }
            _ = try line.channel.finish(acceptAlreadyClosed: true)
        }
    }

    @Test func aReplyThatNobodyHasAskedFor() throws {
        let line = try Line()
        line.ask(1)
        line.hear(Array("+ONE\r\n+TWO\r\n".utf8)[...])
        #expect(line.answered == [.success(.text("ONE"))])
        #expect(!line.channel.isActive, "the next one's reply would be another's")
        line.ask(1)
        guard case .failure(.unreachable) = line.answered.last else { Issue.record("\(line.answered)"); return }
    }

    /// Answered commands do not count, even if the connection is never idle.
    @Test func asMuchAsComesInTurn() throws {
        let line = try Line()
        let large = Command("SET", "k", String(repeating: "x", count: 1 << 20))
        for _ in 0..<10 { line.ask(1, large) }
        for _ in 0..<40 {
            line.ask(1, large)
            line.hear(Array("+OK\r\n".utf8)[...])
        }
        #expect(line.answered == (0..<40).map { _ in .success(.text("OK")) })
        // Seventeen are too much.
        for _ in 0..<7 { line.ask(1, large) }
        #expect(line.answered.last == .failure(.busy("too many commands are in flight")))
    }
}
