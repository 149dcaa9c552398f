import Messaging
import Redis

/// What XINFO STREAM says of a stream as a whole.
struct StreamState {
    /// The highest id it has ever had, also where that entry is gone.
    var last = StreamID.zero
    /// Whether nothing has ever been taken out of it.
    var isWhole = true

    init() {}

    init(_ reply: Reply) throws(RedisError) {
        var fields: [String: String] = [:]
        for (name, value) in try reply.asPairs() { fields[name.shown] = value.shown }
        guard let last = fields["last-generated-id"].flatMap(StreamID.init) else {
            throw .unexpected("last-generated-id was due")
        }
        self.last = last
        isWhole = fields["length"] == fields["entries-added"] && fields["max-deleted-entry-id"] == StreamID.zero.text
    }
}
