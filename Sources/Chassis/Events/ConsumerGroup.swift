import Contracts
import Redis
import Scripts

/// One room's consumer group in one partition, as Redis commands: reading, acknowledging, progress, dead letters.
struct ConsumerGroup: Sendable {
    let room: Room
    let partition: String
    let consumer: String
    /// Where the streams are.
    let connection: RedisConnection
    /// Where the room keeps what is its own: progress, attempts, dead letters.
    let store: RedisConnection
    /// Whether that is another server than the streams'.
    let hasOwnStore: Bool

    var isConnected: Bool { connection.isActive && store.isActive }

    private var keys: Keys { Keys(partition: partition) }
    private var group: String { room.rawValue }

    private func stream(_ source: Room) -> String { keys.events(of: source.rawValue) }
    private func progressKey(_ source: Room) -> String { keys.progress(of: group, on: source.rawValue) }

    /// The group's dead letters.
    var deadLetters: DeadLetters { DeadLetters(of: room, in: partition, store: store) }

    /// Makes the group where it is missing, at the room's own progress and never at the end. Where the room has a
    /// store of its own, the group is set back to what that store has applied.
    func prepare() async throws(RedisError) {
        for source in room.hears {
            let progress = try await store.send("GET", progressKey(source)).asOptionalText() ?? StreamID.zero.text
            if hasOwnStore { try await lowerCopy(of: progress, on: source) }
            do throws(RedisError) {
                _ = try await connection.send("XGROUP", "CREATE", stream(source), group, progress, "MKSTREAM")
            } catch {
                guard case .server(let message) = error, message.hasPrefix("BUSYGROUP") else { throw error }
                // The store may have been put back to an earlier day. A group that is behind, as in a replay, stays there.
                if hasOwnStore, let applied = StreamID(progress), try await lastDelivered(source) > applied {
                    _ = try await connection.send("XGROUP", "SETID", stream(source), group, progress)
                }
            }
        }
    }

    /// New entries of all streams, waiting up to `block` for the first.
    func readNew(count: Int, block: Duration) async throws(RedisError) -> [Entry] {
        let milliseconds = max(1, Int(block / .milliseconds(1)))
        return try await read(block: milliseconds, count: count, from: room.hears.map { _ in ">" }, waiting: block)
    }

    /// This consumer's own pending entries of one stream after `id`, oldest first.
    func readPending(of source: Room, after id: String, count: Int) async throws(RedisError) -> [Entry] {
        let reply = try await connection.send(
            "XREADGROUP", "GROUP", group, consumer, "COUNT", String(count), "STREAMS", stream(source), id)
        return try Entry.list(streams: reply, sources: [stream(source): source])
    }

    private func read(block: Int, count: Int, from ids: [String], waiting: Duration) async throws(RedisError) -> [Entry] {
        let streams = room.hears.map(stream)
        let command = Command(
            ["XREADGROUP", "GROUP", group, consumer, "COUNT", String(count), "BLOCK", String(block), "STREAMS"] + streams + ids)
        let reply = try await connection.send(command, blocking: waiting)
        return try Entry.list(streams: reply, sources: Dictionary(uniqueKeysWithValues: zip(streams, room.hears)))
    }

    /// Takes over entries that another consumer has had in hand for `idle` without acknowledging them, all there are.
    func takeOver(idle: Duration) async throws(RedisError) -> [Entry] {
        var taken: [Entry] = []
        for source in room.hears {
            var cursor = "0-0"
            repeat {
                let reply = try await connection.send(
                    "XAUTOCLAIM", stream(source), group, consumer, String(Int(idle / .milliseconds(1))), cursor, "COUNT", "256"
                ).asArray()
                guard reply.count > 1 else { throw .unexpected("XAUTOCLAIM answers at least two elements") }
                cursor = try reply[0].asText()
                taken += try Entry.list(entries: reply[1], source: source)
            } while cursor != "0-0"
        }
        return taken
    }

    func acknowledge(_ entries: [Entry]) async throws(RedisError) {
        let commands = Dictionary(grouping: entries, by: \.source).map { source, entries in
            Command(["XACK", stream(source), group] + entries.map(\.id))
        }
        for result in await connection.send(commands) { _ = try result.get() }
    }

    /// Writes down up to where each stream is applied: just below the lowest pending entry, or as far as was delivered.
    func recordProgress() async throws(RedisError) {
        for source in room.hears {
            // Delivered first, pending second: what is delivered in between is above both.
            let delivered = try await lastDelivered(source)
            let pending = try await connection.send("XPENDING", stream(source), group).asArray()
            let lowest = pending.count > 1 ? try pending[1].asOptionalText() : nil
            let progress = lowest.flatMap(StreamID.init)?.previous ?? delivered
            guard progress != StreamID.zero else { continue }
            let command = Command(Scripts.consumerProgress, keys: [progressKey(source)], arguments: [progress.text])
            _ = try await store.send(command)
            // Whoever trims the stream reads the copy; so it comes second.
            if hasOwnStore { _ = try await connection.send(command) }
        }
    }

    /// A store put back to an earlier day still needs what came since: the copy of its progress beside the stream, by which events
    /// are trimmed, goes back first.
    private func lowerCopy(of progress: String, on source: Room) async throws(RedisError) {
        guard let copy = try await connection.send("GET", progressKey(source)).asOptionalText().flatMap(StreamID.init),
            let applied = StreamID(progress), copy > applied
        else { return }
        _ = try await connection.send("SET", progressKey(source), progress)
    }

    private func lastDelivered(_ source: Room) async throws(RedisError) -> StreamID {
        for reply in try await connection.send("XINFO", "GROUPS", stream(source)).asArray() {
            var name = ""
            var last = ""
            for (field, value) in try reply.asPairs() {
                switch try field.asText() {
                case "name": name = try value.asText()
                case "last-delivered-id": last = try value.asText()
                default: break
                }
            }
            if name == group, let id = StreamID(last) { return id }
        }
        throw .noGroup("the group \(group) is gone")
    }

    /// Puts an entry among the dead letters and acknowledges it. Killed in between, it is put there twice, with one id.
    func bury(_ entry: Entry, reason: String, attempts: Int) async throws(RedisError) {
        try await deadLetters.add(entry, reason: reason, attempts: attempts)
        try await acknowledge([entry])
    }

    /// Counts that an entry is about to be handled alone; cleared when it has been, whatever came of it.
    func beginAttempt(_ entry: Entry) async throws(RedisError) -> Int {
        try await store.send("HINCRBY", keys.attempts(of: group), entry.name, "1").asInteger()
    }

    func endAttempt(_ entry: Entry) async throws(RedisError) {
        _ = try await store.send("HDEL", keys.attempts(of: group), entry.name)
    }

    /// Clears counts of entries that are pending for nobody: their process was killed after acknowledging.
    /// - Returns: the entries' names.
    func clearStaleAttempts() async throws(RedisError) -> [String] {
        var stale: [String] = []
        for (field, _) in try await store.send("HGETALL", keys.attempts(of: group)).asPairs() {
            let name = try field.asText()
            let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
            if parts.count == 2, let source = Room(rawValue: parts[0]), room.hears.contains(source), StreamID(parts[1]) != nil {
                let pending = try await connection.send("XPENDING", stream(source), group, parts[1], parts[1], "1").asArray()
                guard pending.isEmpty else { continue }
            }
            _ = try await store.send("HDEL", keys.attempts(of: group), name)
            stale.append(name)
        }
        return stale
    }

    /// Leaves the group if nothing is pending for this consumer.
    func leave() async throws(RedisError) {
        for source in room.hears {
            _ = try await connection.send(
                Command(Scripts.consumerLeave, keys: [stream(source)], arguments: [group, consumer]))
        }
    }
}
