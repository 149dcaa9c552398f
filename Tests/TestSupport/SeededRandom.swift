/// A reproducible random generator: the same seed gives the same numbers (SplitMix64, Steele et al., "Fast splittable
/// pseudorandom number
/// generators").
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A generator of its own, for a task that runs beside this one.
    public mutating func split() -> SeededRandom { SeededRandom(seed: next()) }

    /// 0 up to, but not with, `limit`.
    public mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// True once in `times` throws.
    public mutating func once(in times: Int) -> Bool { below(times) == 0 }

    public mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: range, using: &self))
    }
}
