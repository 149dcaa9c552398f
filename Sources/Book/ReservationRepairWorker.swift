import Contracts
import Logging
import Messaging
import Metrics
import Redis
import Scripts
public import ServiceLifecycle
import Synchronization

/// Looks for bookings whose reservation a failover has lost, and reserves their seats again.
///
/// It looks only after a consumer session of Book has begun: at the start of the process, and after a lost connection, which may
/// have been a failover. It then reads what Book has recorded from a minute before that moment on.
public struct ReservationRepairWorker: Service {
    /// Entries of one page.
    private static let pageSize = 256
    /// Looks after one session's beginning. From the third on they are only for what could not be found out before.
    private static let looksLimit = 10
    /// Most candidates that are kept for the next look; above it, reading stops until then.
    private static let unknownLimit = 4096
    /// Most refused bookings that are tried again.
    private static let refusedLimit = 1024

    /// What is known of one partition.
    private struct Progress {
        var position: StreamID
        var end: StreamID
        var looks = 0
        var candidates: [LostReservations.Candidate] = []
        /// Those that have been reported.
        var refused: [LostReservations.Candidate] = []
        var isAtEnd = false

        var isOver: Bool { looks >= 2 && isAtEnd && candidates.isEmpty || looks >= ReservationRepairWorker.looksLimit }
        var isLast: Bool { looks + 1 >= ReservationRepairWorker.looksLimit }
    }

    /// How many sessions have begun for each partition, and which partitions are being looked at.
    private final class Sessions: Sendable {
        let begun = Mutex<[String: Int]>([:])
        let watched = Mutex<Set<String>>([])
        let (partitions, continuation) = AsyncStream.makeStream(of: String.self)
    }

    private let redis: any RedisSender
    private let reservations: LostReservations
    private let timing: Timing
    private let logger: Logger
    private let sessions = Sessions()
    private let reservedAgain = Counter(
        label: "skmuseum_bookings_reserved_again_total", dimensions: [("service", "book")])
    private let withoutSeats = Counter(label: "skmuseum_bookings_without_seats_total", dimensions: [("service", "book")])

    init(redis: any RedisSender, seats: any SeatReservations, timing: Timing = Timing(), logger: Logger) {
        let store = RedisBookingStore(client: redis)
        self.redis = redis
        self.timing = timing
        self.logger = logger
        reservations = LostReservations(seats: seats) { ids async throws(Failure) in try await store.find(ids) }
        reservedAgain.increment(by: 0)
        withoutSeats.increment(by: 0)
    }

    /// To be called when a consumer session has begun.
    public func sessionBegan(in partition: String) {
        sessions.begun.withLock { $0[partition, default: 0] += 1 }
        sessions.continuation.yield(partition)
    }

    /// Whether nothing is being looked at.
    var isIdle: Bool { sessions.watched.withLock { $0.isEmpty } }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await partition in sessions.partitions
                where sessions.watched.withLock({ $0.insert(partition).inserted }) {
                    group.addTask { await watch(partition) }
                }
            }
        }
    }

    /// Looks until there is nothing more to find out, and again when another session begins meanwhile.
    private func watch(_ partition: String) async {
        var log = FailureLog(logger, failing: "bookings can't be checked, retrying", recovered: "bookings can be checked again")
        var progress: Progress?
        var seen = 0
        while !Task.isCancelled {
            let begun = sessions.begun.withLock { $0[partition] ?? 0 }
            if begun == seen, let ended = progress, ended.isOver {
                progress = await retryRefused(ended, in: partition)
                if ended.refused.isEmpty, leave(partition, seen: seen) { return }
                continue
            }
            do throws(RedisError) {
                if begun != seen {
                    progress = try await start(in: partition, from: progress)
                    seen = begun
                }
                try? await Task.sleep(for: progress?.looks == 0 ? timing.first : timing.next)
                if Task.isCancelled { return }
                if var next = progress {
                    defer { progress = next }
                    try await look(&next, in: partition)
                }
                log.succeeded()
            } catch {
                log.failed(error)
                // A session that is not looked at yet is not given up.
                if begun == seen { progress?.looks += 1 }
                try? await Task.sleep(for: min(timing.next, .seconds(1)))
            }
        }
    }

    /// After the looks: what could not be found out is given up, and what Museum has refused is tried again now and then.
    private func retryRefused(_ ended: Progress, in partition: String) async -> Progress {
        var progress = ended
        if !progress.candidates.isEmpty {
            logger.warning(
                "bookings could not be checked",
                metadata: ["partition": "\(partition)", "count": "\(progress.candidates.count)"])
            progress.candidates = []
        }
        if progress.refused.isEmpty { return progress }
        try? await Task.sleep(for: timing.refused)
        if Task.isCancelled { return progress }
        let findings = await reservations.reserveAgain(progress.refused)
        reserved(findings)
        progress.refused = findings.unknown + findings.refused.map(\.candidate)
        return progress
    }

    private func reserved(_ findings: LostReservations.Findings) {
        for id in findings.reserved {
            reservedAgain.increment()
            logger.notice("seats of a booking reserved again", metadata: ["bookId": "\(id.text)"])
        }
    }

    /// - Returns: whether nobody needs the partition to be looked at any more.
    private func leave(_ partition: String, seen: Int) -> Bool {
        sessions.begun.withLock { begun in
            guard begun[partition] == seen else { return false }
            sessions.watched.withLock { _ = $0.remove(partition) }
            return true
        }
    }

    /// - Parameter earlier: looks that have not ended: what they have not read is still read.
    private func start(in partition: String, from earlier: Progress?) async throws(RedisError) -> Progress {
        let now = try await time(of: partition)
        var progress = Progress(
            position: Self.id(now, minus: timing.lookback + timing.refused),
            end: Self.id(now, minus: timing.age - timing.first - timing.next))
        progress.refused = earlier?.refused ?? []
        if let earlier, !earlier.isOver {
            progress.position = min(progress.position, earlier.position)
            progress.candidates = earlier.candidates
        }
        return progress
    }

    /// The clock by which the ids of Book's stream are assigned.
    private func time(of partition: String) async throws(RedisError) -> UnixMilliseconds {
        try await redis.time(near: Keys(partition: partition).events(of: ServiceName.book.rawValue))
    }

    private static func id(_ moment: UnixMilliseconds, minus duration: Duration) -> StreamID {
        StreamID(milliseconds: UInt64(max(0, moment - Int64(duration / .milliseconds(1)))), sequence: .max)
    }

    /// One look: at what is left of the looks before, and at the entries that are old enough.
    private func look(_ progress: inout Progress, in partition: String) async throws(RedisError) {
        let reader = EventReader(redis, service: .book, partition: partition)
        let through = min(Self.id(try await time(of: partition), minus: timing.age), progress.end)
        let left = progress.candidates
        progress.candidates = []
        for first in stride(from: 0, to: left.count, by: Self.pageSize) {
            await mend(Array(left[first..<min(first + Self.pageSize, left.count)]), &progress)
        }
        progress.isAtEnd = false
        while !Task.isCancelled, progress.candidates.count < Self.unknownLimit {
            let page = try await reader.page(
                after: progress.position, through: through, count: Self.pageSize, types: [.requested])
            guard let next = page.next else {
                progress.isAtEnd = true
                break
            }
            let candidates = page.events.compactMap { event -> LostReservations.Candidate? in
                guard case .booking(let booking) = event.subject else { return nil }
                return LostReservations.Candidate(id: booking.id, requestId: event.requestId, traceparent: event.traceparent)
            }
            await mend(candidates, &progress)
            progress.position = next
            try? await Task.sleep(for: timing.pause)
        }
        progress.looks += 1
    }

    private func mend(_ candidates: [LostReservations.Candidate], _ progress: inout Progress) async {
        let reported = Set(progress.refused.map(\.id))
        let candidates = candidates.filter { !reported.contains($0.id) }
        if candidates.isEmpty { return }
        let findings = await reservations.reserveAgain(candidates)
        reserved(findings)
        progress.candidates += findings.unknown
        for (candidate, code) in findings.refused {
            // Its seats may just have been revoked or released, and Book has not applied that event yet.
            if code == .void, !progress.isLast {
                progress.candidates.append(candidate)
                continue
            }
            if progress.refused.count < Self.refusedLimit { progress.refused.append(candidate) }
            withoutSeats.increment()
            logger.error("booking has no seats", metadata: ["bookId": "\(candidate.id.text)", "outcome": "\(code.rawValue)"])
        }
    }
}
