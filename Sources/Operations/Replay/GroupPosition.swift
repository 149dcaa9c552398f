package import Messaging
import Contracts
import Redis
import Scripts

/// Where a consumer group stands on a stream, and whether it can be set back to an id.
package struct GroupPosition {
    package enum Outcome: String {
        /// The group or its stream is missing.
        case noGroup = "NO_GROUP"
        /// The id is past what the group has applied, and some entries are not applied yet: it would move forward.
        case ahead = "AHEAD"
        /// The id is past what the group has applied, which is all there is.
        case nothing = "NOTHING"
        /// It can be, or has been, set back.
        case setBack = "SET_BACK"
    }

    package let outcome: Outcome
    /// All entries up to this one are applied.
    package let applied: StreamID

    /// - Parameters:
    ///   - first: the first id to replay.
    ///   - isSetBack: whether the group is set back, in the same step as it is looked at.
    package init(_ subscription: Subscription, from first: StreamID, isSetBack: Bool, _ session: OperatorSession) async throws {
        let reply = try await session.redis.send(
            Command(
                Scripts.consumerSetBack, keys: [subscription.stream],
                arguments: [subscription.group.rawValue, first.text, first.previous.text, isSetBack ? "1" : "0"])
        ).asTexts()
        guard let outcome = reply.first.flatMap(Outcome.init), outcome == .noGroup || reply.count == 3 else {
            throw RedisError.unexpected("consumer_set_back replied \(reply)")
        }
        self.outcome = outcome
        let delivered = reply.count == 3 ? StreamID(reply[1]) ?? .zero : .zero
        let lowest = reply.count == 3 ? StreamID(reply[2]) : nil
        applied = min(lowest?.previous ?? delivered, delivered)
    }
}
