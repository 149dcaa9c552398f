public import Contracts
public import Redis

extension RedisSender {
    /// The clock of the server that has the key, from which it assigns stream ids.
    public func time(near key: String) async throws(RedisError) -> UnixMilliseconds {
        let parts = try await send(Command("TIME").near(key)).asTexts().map { UnixMilliseconds($0) }
        guard parts.count == 2, let seconds = parts[0], let microseconds = parts[1] else {
            throw .unexpected("TIME answers seconds and microseconds")
        }
        return seconds * 1000 + microseconds / 1000
    }
}
