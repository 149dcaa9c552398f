package import Contracts
package import Messaging
import Redis
import Scripts

/// Sets a service's consumer group back on its streams, and waits until it has applied all events again.
package struct Replay {
    package struct Outcome {
        package let group: ServiceName
        package let streams: [(name: String, events: Int)]
        package let duration: Duration

        package var events: Int { streams.map(\.events).reduce(0, +) }
    }

    private let session: OperatorSession
    private let group: ServiceName
    private let first: StreamID

    /// - Parameter first: the first id to replay.
    package init(_ group: ServiceName, from first: StreamID, _ session: OperatorSession) {
        self.group = group
        self.first = first
        self.session = session
    }

    /// - Throws: ``OperationError`` where a group would move forward, is missing, or the id is beyond the end of every stream.
    package func run(_ show: (OperationProgress) -> Void) async throws -> Outcome {
        var streams: [StreamReplay] = []
        for subscription in try await subscriptions() {
            streams.append(try await StreamReplay(subscription, from: first.previous, session: session))
        }
        // The groups are moved only when all positions have been checked. One that another replay has set back further stays there.
        for stream in streams { _ = try await GroupPosition(stream.subscription, from: first, isSetBack: true, session) }
        return try await wait(for: streams, show)
    }

    /// The streams that have something to replay.
    private func subscriptions() async throws -> [Subscription] {
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
                throw OperationError(
                    "\(group.rawValue) has applied \(subscription.stream) only up to \(position.applied.text), and a group is never "
                        + "moved forward to \(first.text); nothing was moved; give an id up to there, or none")
            case .noGroup:
                throw OperationError("there is no group \(group.rawValue) on \(subscription.stream) yet; start that role once")
            }
        }
        guard chosen.isEmpty, !ends.isEmpty else { return chosen }
        throw OperationError(
            "\(first.text) is beyond the end, and nothing was moved: \(ends.joined(separator: ", ")); give an earlier id")
    }

    private func wait(for streams: [StreamReplay], _ show: (OperationProgress) -> Void) async throws -> Outcome {
        let total = streams.map(\.marks.total).reduce(0, +)
        let start = ContinuousClock.now
        while true {
            var left = 0
            for stream in streams { left += try await stream.left(session) }
            let elapsed = ContinuousClock.now - start
            if left == 0 {
                return Outcome(
                    group: group, streams: streams.map { ($0.subscription.stream, $0.marks.total) }, duration: elapsed)
            }
            let rate = Double(total - left) / max(elapsed / .seconds(1), 0.001)
            let rest =
                rate > 0
                ? "\(Int(rate))/s, \(Int((Double(left) / rate).rounded(.up))) s left" : "waiting for a \(group.rawValue) consumer"
            show(OperationProgress("\(group.rawValue) replays events", done: total - left, of: total, detail: rest))
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

/// One stream's replay for one group.
private struct StreamReplay {
    let subscription: Subscription
    let end: StreamID
    let marks: ReplayMarks

    init(_ subscription: Subscription, from start: StreamID, session: OperatorSession) async throws(RedisError) {
        self.subscription = subscription
        end = try await session.end(of: subscription.stream)
        var marks = ReplayMarks()
        var after = start
        while after < end {
            let ids = try await session.ids(in: subscription.stream, after: after, through: end)
            guard let last = ids.last else { break }
            after = last
            marks.append(last, count: ids.count)
        }
        self.marks = marks
    }

    /// How many entries the group has yet to apply; exact at the end, to a thousand before.
    func left(_ session: OperatorSession) async throws -> Int {
        if marks.total == 0 { return 0 }
        // No position is below zero: reading it moves nothing.
        let position = try await GroupPosition(subscription, from: .zero, isSetBack: false, session)
        guard position.outcome != .noGroup else { return marks.total }
        return position.applied >= end ? 0 : marks.left(after: position.applied)
    }
}

/// Every thousandth id of a stream or so, and how many entries there are up to it.
package struct ReplayMarks {
    private var marks: [(id: StreamID, count: Int)] = []

    package init() {}

    package var total: Int { marks.last?.count ?? 0 }

    /// - Parameter count: the entries since the last mark, this one among them.
    package mutating func append(_ id: StreamID, count: Int) { marks.append((id, total + count)) }

    /// At least 1: the caller compares with the end of the stream to see that nothing is left.
    package func left(after applied: StreamID) -> Int {
        max(1, total - (marks.last { $0.id <= applied }?.count ?? 0))
    }
}
