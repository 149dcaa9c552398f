/// How long a consumer waits before it reads, so that one read returns more entries. Redis and the consumer then work once for
/// many events, and Redis writes once to its disk. Where entries come seldom, it does not wait.
///
/// Waits that end at the same instants for all consumers were tried: Redis then gets their commands together, and bookings wait for
/// all of them. That cost a tenth of the throughput.
struct Linger {
    /// Reads that return entries at least this often make the next one wait.
    private static let often = Duration.milliseconds(25)
    private static let first = Duration.milliseconds(1)
    private static let longest = Duration.milliseconds(10)

    private(set) var pause = Duration.zero
    private var last: ContinuousClock.Instant?

    /// - Parameters:
    ///   - count: how many entries a read has returned.
    ///   - isFull: whether there may be more, which a read gets without waiting.
    mutating func observe(count: Int, isFull: Bool, at now: ContinuousClock.Instant) {
        if count == 0 { return }
        let isOften = last.map { now - $0 < Self.often } ?? false
        pause = isFull || !isOften ? .zero : min(max(pause * 2, Self.first), Self.longest)
        last = now
    }
}
