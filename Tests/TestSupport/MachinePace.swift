/// What the machine itself takes at the moment. A bound on a duration is the promise plus this, so that it holds on a busy
/// machine and is strict on an idle one.
public enum MachinePace {
    /// What something took, and what to allow beyond its promise.
    public struct Measured<Value: Sendable>: Sendable {
        public let value: Value
        public let took: Duration
        /// Several times the slowest of many empty requests that were sent meanwhile, and at least 100 ms.
        public let slack: Duration
    }

    /// Measures something, and meanwhile sends one empty request after another to a process that has nothing to do with it.
    /// - Parameter visitor: asks that process.
    public static func measuring<Value: Sendable>(
        beside visitor: Visitor, _ body: () async throws -> Value
    ) async throws -> Measured<Value> {
        let isOver = LockedBox(false)
        defer { isOver.value = true }
        async let slowest = emptyRequests(visitor, until: isOver)
        let start = ContinuousClock.now
        let value = try await body()
        let took = ContinuousClock.now - start
        isOver.value = true
        return Measured(value: value, took: took, slack: max(.milliseconds(100), await slowest * 4))
    }

    /// - Returns: the longest that one of them took.
    private static func emptyRequests(_ visitor: Visitor, until isOver: LockedBox<Bool>) async -> Duration {
        var slowest = Duration.zero
        repeat {
            let start = ContinuousClock.now
            _ = try? await visitor.get("/livez")
            try? await Task.sleep(for: .milliseconds(10))
            slowest = max(slowest, .now - start - .milliseconds(10))
        } while !isOver.value && !Task.isCancelled
        return slowest
    }
}
