import Contracts
import Logging
import Operations
import ServiceLifecycle

/// Rebuilds MyPage's rows after the streams have lost events: where MyPage has a server of its own, its rows show what the services
/// do not know any more. Does what `skmuseum rebuild mypage` does, so it needs the operator's rights.
final class ReadModelRepair: Service {
    /// How long another maintenance command may take.
    private static let lockWait = Duration.seconds(300)

    private let session: OperatorSession
    private let logger: Logger
    private let partitions: AsyncStream<String>
    private let needed: AsyncStream<String>.Continuation

    /// - Parameter session: with the operator's rights.
    init(_ session: OperatorSession, logger: Logger) {
        self.session = session
        self.logger = logger
        (partitions, needed) = AsyncStream.makeStream()
    }

    /// Has a partition's rows rebuilt.
    func rebuild(_ partition: String) { needed.yield(partition) }

    func run() async throws {
        await cancelWhenGracefulShutdown { for await partition in self.partitions { await self.repair(partition) } }
    }

    private func repair(_ partition: String) async {
        do {
            logger.notice("read model is rebuilt", metadata: ["partition": "\(partition)"])
            let outcome = try await rebuilt(partition)
            logger.notice(
                "read model has been rebuilt",
                metadata: ["partition": "\(partition)", "found": "\(outcome.found)", "repaired": "\(outcome.repaired)"])
        } catch {
            logger.error(
                "read model could not be rebuilt; run skmuseum rebuild mypage",
                metadata: ["partition": "\(partition)", "reason": "\(error)"])
        }
    }

    private func rebuilt(_ partition: String) async throws -> Rebuild.Outcome {
        let (logger, session) = (logger, try await session.refreshed())
        let (losses, lost) = AsyncStream.makeStream(of: String.self)
        return try await session.exclusively(
            "rebuild", within: Self.lockWait, note: { logger.info("\($0)") }, onLoss: { lost.yield($0) }
        ) {
            try await withThrowingTaskGroup(of: Rebuild.Outcome?.self) { group in
                group.addTask { try await Rebuild(partition, isDryRun: false, session).run({ _ in }) { _, _ in } }
                // Two commands must not change the rows at the same time.
                group.addTask {
                    for await key in losses { throw OperationError("another command has taken \(key)") }
                    return nil
                }
                while let outcome = try await group.next() {
                    guard let outcome else { continue }
                    group.cancelAll()
                    return outcome
                }
                throw CancellationError()
            }
        }
    }
}
