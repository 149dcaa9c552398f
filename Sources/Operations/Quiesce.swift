import Contracts
import Messaging
import Redis

extension OperatorSession {
    /// How many events follow from one another: reserved seats complete a booking, a completed booking makes an admission, and
    /// MyPage shows the admission.
    private static let depth = 4

    /// Waits until every event in the streams, and every event that follows from one, is applied, and no group is replaying.
    /// - Throws: ``OperationError`` where that takes longer than `wait`.
    func quiesce(within wait: Duration = .seconds(60)) async throws {
        let deadline = ContinuousClock.now + wait
        if let late = try await settle(within: wait).first {
            throw OperationError(
                "\(late.subscription.group.rawValue) is \(late.behind) events behind on \(late.subscription.stream); "
                    + "start that role, then run this again: it continues where it stopped")
        }
        for _ in 0..<Self.depth {
            var ends: [(subscription: Subscription, end: StreamID, last: StreamID)] = []
            for subscription in Subscription.all(in: partitions) {
                let last = try await redis.state(of: subscription.stream).last
                ends.append((subscription, try await end(of: subscription.stream), last))
            }
            for (subscription, end, last) in ends {
                while try await isInFlight(subscription, through: end, last: last) {
                    guard .now < deadline else {
                        throw OperationError(
                            "\(subscription.group.rawValue) does not catch up with \(subscription.stream); "
                                + "run this again when it has: it continues where it stopped")
                    }
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
    }

    /// Whether the group has yet to read or to acknowledge something up to `end`, be it for the first time or in a replay.
    /// An acknowledged event is applied. The progress key is not enough: it is written once a second, and not in a replay.
    /// - Parameter last: the highest id the stream has had; a consumer may have an event in flight that was removed from the
    ///   stream.
    private func isInFlight(_ subscription: Subscription, through end: StreamID, last: StreamID) async throws -> Bool {
        if last == .zero { return false }
        let group = subscription.group.rawValue
        if try await delivered(subscription) < end { return true }
        let pending = try await redis.send("XPENDING", subscription.stream, group).asArray()
        guard pending.count > 1, let lowest = try pending[1].asOptionalText().flatMap(StreamID.init) else { return false }
        return lowest <= last
    }

    /// The last id that the group was given.
    private func delivered(_ subscription: Subscription) async throws -> StreamID {
        for reply in try await redis.send("XINFO", "GROUPS", subscription.stream).asArray() {
            var fields: [String: String] = [:]
            for (name, value) in try reply.asPairs() { fields[name.shown] = value.shown }
            if fields["name"] == subscription.group.rawValue { return StreamID(fields["last-delivered-id"] ?? "") ?? .zero }
        }
        return .zero
    }
}
