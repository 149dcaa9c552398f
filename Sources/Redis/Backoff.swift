/// Pauses that double and are jittered, so that many who lost the same server don't come back in step.
public enum Backoff {
    /// The pause before the next try: half to all of `first` doubled per attempt, at most `limit`.
    public static func pause(attempt: Int, from first: Duration, to limit: Duration) -> Duration {
        let doubled = first * (1 << min(max(attempt - 1, 0), 16))
        return min(doubled, limit) * Double.random(in: 0.5...1)
    }
}
