import Contracts
import Logging
import Messaging
import Redis
public import ServiceLifecycle

/// Revokes the seats of deleted exhibitions, a bounded step at a time. Stopped anywhere, it continues there.
///
/// A deletion in this process wakes it at once; what another process has left, it finds within two seconds.
public struct SeatRevocationWorker: Service {
    private let seats: SeatReservationService
    /// What the store writes through.
    private let recorder: RefusalRecorder
    private let refusals: RefusedWrites
    private let partitions: Partitions
    private let signal: RevocationSignal
    private let now: CurrentTime
    private let logger: Logger

    private static let interval = Duration.seconds(2)

    init(
        redis: RedisClient, partitions: Partitions, signal: RevocationSignal, now: @escaping CurrentTime, logger: Logger
    ) {
        recorder = RefusalRecorder(redis)
        seats = SeatReservationService(store: RedisSeatStore(client: recorder))
        refusals = RefusedWrites(of: .museum, logger: logger)
        self.partitions = partitions
        self.signal = signal
        self.now = now
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    while !Task.isCancelled {
                        signal.send()
                        try? await Task.sleep(for: Self.interval)
                    }
                }
                var log = FailureLog(logger, failing: "seat revocation failed, retrying", recovered: "seat revocation recovered")
                for await _ in signal.signals {
                    if let failure = await revokeAll() { log.failed(failure) } else { log.succeeded() }
                }
                group.cancelAll()
            }
        }
    }

    /// Why it failed last: what Redis said if it refused a write.
    private func revokeAll() async -> String? {
        var failure: String?
        for partition in partitions.all {
            guard let found = await revokeAll(in: partition) else { continue }
            if let cause = recorder.takeRefusal() {
                refusals.count()
                failure = cause
            } else {
                failure = "\(found)"
            }
        }
        return failure
    }

    /// What failed last; one exhibition that fails does not keep the others waiting.
    private func revokeAll(in partition: String) async -> Failure? {
        var failure: Failure?
        do throws(Failure) {
            for exhibition in try await seats.revoking(in: partition) {
                do throws(Failure) {
                    try await seats.revoke(exhibition, now: now)
                } catch {
                    failure = error
                }
            }
        } catch {
            failure = error
        }
        return failure
    }
}
