/// How long a consumer waits before it reads, so that one read returns more entries. Redis and the consumer then work once for
/// many events. Where entries come one by one, it does not wait.
struct Linger {
    /// From this many entries on, the next read waits longer.
    private static let many = 8
    private static let first = Duration.milliseconds(1)
    private static let longest = Duration.milliseconds(10)

    private(set) var pause = Duration.zero

    /// - Parameters:
    ///   - count: how many entries a read has returned.
    ///   - isFull: whether there may be more, which a read gets without waiting.
    mutating func observe(count: Int, isFull: Bool) {
        if isFull || count < Self.many {
            pause = .zero
        } else {
            pause = min(max(pause * 2, Self.first), Self.longest)
        }
    }
}
