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
                do throws(Failure) {
                    for partition in partitions.all { try await revokeAll(in: partition) }
                    isFailing = false
                } catch {
                    if !isFailing { logger.warning("revoking pauses", metadata: ["reason": "\(error)"]) }
                    isFailing = true
                }
                try? await Task.sleep(for: .milliseconds(isFailing ? 500 : 100))
            }
        }
    }

    private func revokeAll(in partition: String) async throws(Failure) {
        for exhibition in try await seats.revoking(in: partition) {
            while !Task.isCancelled, try await seats.revokeSome(of: exhibition, at: now()) {}
        }
    }
}
