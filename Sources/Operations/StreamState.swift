import Messaging
import Redis

/// The state of a stream as XINFO STREAM reports it.
struct StreamState {
    /// The highest id it has ever had, also if that entry was removed.
    var last = StreamID.zero
    /// Whether no entry was ever removed.
    var isWhole = true

    init() {}

    init(_ reply: Reply) throws(RedisError) {
        var fields: [String: String] = [:]
        for (name, value) in try reply.asPairs() { fields[name.shown] = value.shown }
        guard let last = fields["last-generated-id"].flatMap(StreamID.init) else {
            throw .unexpected("last-generated-id was expected")
        }
        self.last = last
        isWhole = fields["length"] == fields["entries-added"] && fields["max-deleted-entry-id"] == StreamID.zero.text
    }
}
