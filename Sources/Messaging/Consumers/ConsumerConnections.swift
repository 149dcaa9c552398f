import Contracts
import Redis
import Scripts
import ServiceLifecycle

/// The connections of one consumer session: to the streams, and to the service's own server if there is one. If one closes, the
/// session ends and opens both again, because the store may have been restored from a backup.
struct ConsumerConnections: Sendable {
    let streams: RedisConnection
    /// `nil`: the service keeps its state beside the streams.
    let ownStore: RedisConnection?

    /// - Parameter partition: of which all keys are in one slot.
    init(_ configuration: ConsumerConfiguration, partition: String) async throws(RedisError) {
        let key = Keys(partition: partition).events(of: ServiceName.museum.rawValue)
        streams = try await configuration.events.dedicatedConnection(for: key)
        do throws(RedisError) {
            ownStore = if let store = configuration.store { try await store.dedicatedConnection(for: key) } else { nil }
        } catch {
            streams.close()
            throw error
        }
    }

    /// Where the service keeps its state.
    var store: RedisConnection { ownStore ?? streams }

    var areActive: Bool { streams.isActive && store.isActive }

    func close() {
        streams.close()
        ownStore?.close()
    }

    /// Reads with nothing in flight. When the process is told to stop meanwhile, the connection closes and ends the read at
    /// once.
    func closingOnShutdown<Value: Sendable>(
        _ read: (RedisConnection) async throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        try await withGracefulShutdownHandler { () async -> Result<Value, RedisError> in
            do throws(RedisError) {
                return .success(try await read(streams))
            } catch {
                return .failure(error)
            }
        } onGracefulShutdown: { [streams] in
            streams.close()
        }.get()
    }
}
