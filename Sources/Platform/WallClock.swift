import Foundation

public enum WallClock {
    /// Milliseconds since 1970 by the system's clock, which may jump.
    public static let now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) }
}
