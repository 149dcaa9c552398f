package import Redis

/// The state of a stream as XINFO STREAM reports it.
package struct StreamState {
    /// The highest id it has ever had, also if that entry was removed.
    package var last = StreamID.zero
    /// Whether no entry was ever removed.
    package var isWhole = true

    /// Of a stream that is not there.
    init() {}

    package init(_ reply: Reply) throws(RedisError) {
        var fields: [String: Reply] = [:]
        for (name, value) in try reply.asPairs() { fields[try name.asText()] = value }
        guard let last = StreamID(try (fields["last-generated-id"] ?? .null).asText()) else {
            throw .unexpected("last-generated-id was expected")
        }
        self.last = last
        isWhole = fields["length"] == fields["entries-added"] && fields["max-deleted-entry-id"] == .text(StreamID.zero.text)
    }
}

extension RedisSender {
    /// How far a stream has come; one that is not there has never had an entry.
    package func state(of stream: String) async throws(RedisError) -> StreamState {
        do throws(RedisError) {
            return try StreamState(try await send("XINFO", "STREAM", stream))
        } catch {
            guard case .server(let message) = error, message.contains("no such key") else { throw error }
            return StreamState()
        }
    }
}
