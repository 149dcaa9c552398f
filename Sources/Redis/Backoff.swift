/// Exponential backoff with jitter, so that clients that lost the same server do not reconnect at the same time.
public enum Backoff {
    /// The pause before the next try: half to all of `first` doubled per attempt, at most `limit`.
    /// - Parameter attempt: from 1. The pause doubles up to attempt 16.
    public static func pause(attempt: Int, from first: Duration, to limit: Duration) -> Duration {
        let doubled = first * (1 << min(max(attempt - 1, 0), 16))
        return min(doubled, limit) * Double.random(in: 0.5...1)
    }
}
