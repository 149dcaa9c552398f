import Contracts
package import Messaging
import Redis
package import Scripts

/// Where a consumer group stands on a stream, and whether it can be set back to an id.
package struct GroupPosition {
    package let outcome: ConsumerSetBack.Code
    /// All entries up to this one are applied.
    package let applied: StreamID

    /// - Parameters:
    ///   - first: the first id to replay.
    ///   - isSetBack: whether the group is set back, in the same step as it is looked at.
    package init(_ subscription: Subscription, from first: StreamID, isSetBack: Bool, _ session: OperatorSession) async throws {
        let result = try await session.redis.run(
            ConsumerSetBack(
                stream: subscription.stream, group: subscription.group.rawValue, first: first.text,
                previous: first.previous.text, isSetBack: isSetBack))
        outcome = result.code
        let delivered = StreamID(result.delivered) ?? .zero
        applied = min(StreamID(result.lowestPending)?.previous ?? delivered, delivered)
    }
}
