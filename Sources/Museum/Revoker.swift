public import Chassis
public import Contracts
public import Logging
public import ServiceLifecycle

/// Takes the seats of deleted exhibitions back, a bounded step at a time. Stopped anywhere, it goes on there.
public struct Revoker: Service {
    private let seats: any SeatStore
    private let partitions: Partitions
    private let now: Clock
    private let logger: Logger

    public init(seats: any SeatStore, partitions: Partitions, now: @escaping Clock, logger: Logger) {
        self.seats = seats
        self.partitions = partitions
        self.now = now
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var isFailing = false
            while !Task.isCancelled {
                var failure: Failure?
                for partition in partitions.all {
                    if let found = await revokeAll(in: partition) { failure = found }
                }
                if let failure, !isFailing { logger.warning("revoking pauses", metadata: ["reason": "\(failure)"]) }
                isFailing = failure != nil
                try? await Task.sleep(for: .milliseconds(isFailing ? 500 : 100))
            }
        }
    }

    /// What failed last; one exhibition that fails does not keep the others waiting.
    private func revokeAll(in partition: String) async -> Failure? {
        var failure: Failure?
        do throws(Failure) {
            for exhibition in try await seats.revoking(in: partition) {
                do throws(Failure) {
                    while !Task.isCancelled, try await seats.revokeSome(of: exhibition, at: now()) {}
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
