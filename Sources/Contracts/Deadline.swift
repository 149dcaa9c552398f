/// Waiting no longer than one wants to.
public enum Deadline {
    /// The task's value, or `fallback` if it is not there in time. The task goes on either way.
    public static func first<Value: Sendable>(
        of task: Task<Value, Never>, within limit: Duration, else fallback: @escaping @autoclosure @Sendable () -> Value
    ) async -> Value {
        let (values, continuation) = AsyncStream<Value>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let arrival = Task { continuation.yield(await task.value) }
        let timer = Task {
            // Cancelled when the value is there; what it would yield then is not looked at.
            try? await Task.sleep(for: limit)
            continuation.yield(fallback())
        }
        defer {
            arrival.cancel()
            timer.cancel()
        }
        for await value in values { return value }
        return fallback()
    }
}
