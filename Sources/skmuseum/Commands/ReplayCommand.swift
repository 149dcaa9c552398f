import Operations
import ArgumentParser
import Messaging
import Contracts
import Redis

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract:
            "Sets a service's consumer group back, never forward, and shows progress until it has caught up. Does no harm: what was applied is skipped."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "confirm, mypage, book or museum.")
    var service: String

    @Option(help: "The first event id to replay. Default: the beginning.")
    var from: String?

    func validate() throws {
        if ServiceName(rawValue: service) == nil {
            throw ValidationError("'\(service)' is no service; take confirm, mypage, book or museum")
        }
        if let from, StreamID(from) == nil { throw ValidationError("--from takes an event id, such as 1764000000000-0") }
    }

    func run() async throws {
        try await CommandError.reporting {
            let session = try await OperatorSession.open(try common.settings())
            guard let group = ServiceName(rawValue: service) else { return }
            let first = from.flatMap(StreamID.init) ?? .zero
            var replays: [Replay] = []
            for subscription in try await subscriptions(of: group, from: first, session) {
                replays.append(try await Replay(subscription, from: first.previous, session: session))
            }
            // Moved only once all have been looked at. One that another replay has set back further meanwhile stays there.
            for replay in replays { _ = try await GroupPosition(replay.subscription, from: first, isSetBack: true, session) }
            try await watch(replays, session)
        }
    }

    /// The streams that have something to replay.
    /// - Throws: ``CommandError`` where a group would move forward, is missing, or the id is beyond the end of every stream.
    private func subscriptions(of group: ServiceName, from first: StreamID, _ session: OperatorSession) async throws
        -> [Subscription]
    {
        var chosen: [Subscription] = []
        var ends: [String] = []
        for subscription in Subscription.all(in: session.partitions, of: [group]) {
            let position = try await GroupPosition(subscription, from: first, isSetBack: false, session)
            let end = try await session.end(of: subscription.stream)
            switch position.outcome {
            case .setBack: chosen.append(subscription)
            case .noGroup where end == .zero && first == .zero: break
            case .noGroup where end == .zero, .nothing: ends.append("\(subscription.stream) ends at \(end.text)")
            case .ahead:
                throw CommandError(
                    "\(group.rawValue) has applied \(subscription.stream) only up to \(position.applied.text), and a group is never "
                        + "moved forward to \(first.text); nothing was moved; give an id up to there, or none")
            case .noGroup:
                throw CommandError("there is no group \(group.rawValue) on \(subscription.stream) yet; start that role once")
            }
        }
        guard chosen.isEmpty, !ends.isEmpty else { return chosen }
        throw CommandError(
            "\(first.text) is beyond the end, and nothing was moved: \(ends.joined(separator: ", ")); give an earlier id")
    }

    private func watch(_ replays: [Replay], _ session: OperatorSession) async throws {
        let total = replays.map(\.total).reduce(0, +)
        let start = ContinuousClock.now
        var lastLine = start
        while true {
            var left = 0
            for replay in replays { left += try await replay.left(session) }
            let seconds = max((ContinuousClock.now - start) / .seconds(1), 0.001)
            let rate = Double(total - left) / seconds
            let rest = rate > 0 ? "\(Int((Double(left) / rate).rounded(.up))) s left" : "waiting for a \(service) consumer"
            let text = "\(total - left) of \(total) events, \(Int(rate))/s, \(rest)"
            if left == 0 {
                if Output.isTerminal { Output.overwrite("") }
                try Output.line("\(service) has caught up: \(total) events in \(Int(seconds * 1000)) ms")
                return
            }
            if Output.isTerminal {
                Output.overwrite(text)
            } else if .now - lastLine >= .seconds(1) {
                Output.note(text)
                lastLine = .now
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

/// One stream's replay for one group.
private struct Replay {
    let subscription: Subscription
    let end: StreamID
    let total: Int
    /// Every thousandth id or so, and how many entries lie up to it.
    let marks: [(id: StreamID, count: Int)]

    init(_ subscription: Subscription, from start: StreamID, session: OperatorSession) async throws(RedisError) {
        self.subscription = subscription
        end = try await session.end(of: subscription.stream)
        var marks: [(id: StreamID, count: Int)] = []
        var after = start
        while after < end {
            let ids = try await session.ids(in: subscription.stream, after: after, through: end)
            guard let last = ids.last else { break }
            after = last
            marks.append((last, (marks.last?.count ?? 0) + ids.count))
        }
        self.marks = marks
        total = marks.last?.count ?? 0
    }

    /// How many entries the group has yet to apply; exact at the end, to a thousand before.
    func left(_ session: OperatorSession) async throws -> Int {
        if total == 0 { return 0 }
        // An id of zero is below all: nothing is moved by looking.
        let position = try await GroupPosition(subscription, from: .zero, isSetBack: false, session)
        guard position.outcome != .noGroup else { return total }
        if position.applied >= end { return 0 }
        return max(1, total - (marks.last { $0.id <= position.applied }?.count ?? 0))
    }
}
