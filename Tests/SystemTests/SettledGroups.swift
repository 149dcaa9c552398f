import Redis

extension RedisClient {
    /// Whether every consumer group of the first partition has applied and acknowledged all events.
    func groupsAreSettled() async throws -> Bool {
        for service in ["museum", "book", "confirm"] {
            for group in try await send("XINFO", "GROUPS", "\(service):{a}:events").asArray() {
                for (name, value) in try group.asPairs() where [.text("pending"), .text("lag")].contains(name) {
                    if try value.asInteger() != 0 { return false }
                }
            }
        }
        return true
    }
}
