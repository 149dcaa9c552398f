import NIOCore
import Synchronization

/// Asks for something once at a time: those who ask meanwhile get the same answer.
final class SingleFlight<Value: Sendable>: Sendable {
    private struct State {
        var asking: Task<Result<Value, RedisError>, Never>?
        var endedAt: NIODeadline?
    }

    private let state = Mutex(State())

    /// - Parameter ask: called if nobody is asking.
    func value(_ ask: @escaping @Sendable () async -> Result<Value, RedisError>) async throws(RedisError) -> Value {
        let asking = state.withLock { state in state.asking ?? start(&state, ask) }
        return try await asking.value.get()
    }

    /// Asks in the background unless it is being asked or was asked within `pause`.
    func begin(unlessWithin pause: TimeAmount, _ ask: @escaping @Sendable () async -> Result<Value, RedisError>) {
        state.withLock { state in
            guard state.asking == nil, state.endedAt.map({ .now() - $0 >= pause }) ?? true else { return }
            _ = start(&state, ask)
        }
    }

    private func start(
        _ state: inout State, _ ask: @escaping @Sendable () async -> Result<Value, RedisError>
    ) -> Task<Result<Value, RedisError>, Never> {
        let asking = Task {
            let result = await ask()
            self.state.withLock { ($0.asking, $0.endedAt) = (nil, .now()) }
            return result
        }
        state.asking = asking
        return asking
    }
}
