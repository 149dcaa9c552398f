import Contracts
import Redis
import Scripts

/// One service's consumer group in one partition, as Redis commands: reading, acknowledging, progress, dead letters.
struct ConsumerGroup: Sendable {
    let service: ServiceName
    let partition: String
    let consumer: String
    /// Where the streams are.
    let connection: any RedisSender
    /// Where the service keeps what is its own: progress, attempts, dead letters.
    let store: any RedisSender
    /// Whether that is another server than the streams'.
    let hasOwnStore: Bool

    private var keys: Keys { Keys(partition: partition) }
    private var group: String { service.rawValue }

    private func stream(_ source: ServiceName) -> String { keys.events(of: source.rawValue) }
    private func progressKey(_ source: ServiceName) -> String { keys.progress(of: group, on: source.rawValue) }

    /// The group's dead letters.
    var deadLetters: DeadLetters { DeadLetters(of: service, in: partition, store: store) }

    /// Makes the group where it is missing, at the service's own progress and never at the end. Where the service has a
    /// store of its own, the group is set back to what that store has applied, or to the stream's end if that is earlier.
    /// - Parameters:
    ///   - applied: how far this process has applied a stream.
    ///   - onShortened: called with each stream that has lost events that were applied, before its progress is lowered.
    func prepare(
        after applied: AppliedEvents, onShortened: (ShortenedStream) -> Void = { _ in }
    ) async throws(RedisError) {
        for source in service.subscriptions {
            var progress = try await store.send("GET", progressKey(source)).asOptionalText() ?? StreamID.zero.text
            let known = max(applied.last(of: source), hasOwnStore ? StreamID(progress) ?? .zero : .zero)
            let end = try await connection.state(of: stream(source)).last
            if end < known {
                onShortened(ShortenedStream(source: source, end: end, applied: known))
                applied.lower(to: end, of: source)
                // Later events may have ids below the progress if the clock of the new primary is behind.
                if let stored = StreamID(progress), stored > end {
                    progress = end.text
                    _ = try await store.send("SET", progressKey(source), progress)
                }
            }
            if hasOwnStore { try await lowerCopy(of: progress, on: source) }
            do throws(RedisError) {
                _ = try await connection.send("XGROUP", "CREATE", stream(source), group, progress, "MKSTREAM")
            } catch {
                guard case .server(let message) = error, message.hasPrefix("BUSYGROUP") else { throw error }
                // The store may have been restored from a backup. A group whose position is lower (a replay) is not moved.
                if hasOwnStore, let applied = StreamID(progress), try await position(on: source).delivered > applied {
                    _ = try await connection.send("XGROUP", "SETID", stream(source), group, progress)
                }
            }
        }
    }

    /// Acknowledges entries, then reads new ones of all streams, in one go. Waits up to `block` for the first.
    /// - Parameter connection: one that nobody else uses, since it is blocked meanwhile.
    /// - Returns: also whether the entries are acknowledged.
    func readNew(
        acknowledging done: [Entry], relevant: Set<EventType>, count: Int, block: Duration, on connection: RedisConnection
    ) async throws(RedisError) -> (entries: [Entry], acknowledged: Result<Void, RedisError>) {
        let streams = service.subscriptions.map(stream)
        let milliseconds = String(max(1, Int(block / .milliseconds(1))))
        let read = Command(
            ["XREADGROUP", "GROUP", group, consumer, "COUNT", String(count), "BLOCK", milliseconds, "STREAMS"] + streams
                + service.subscriptions.map { _ in ">" })
        let results = await connection.send(acknowledgements(of: done) + [read], blocking: block)
        let entries = try Entry.list(
            streams: try results[results.count - 1].get(),
            sources: Dictionary(uniqueKeysWithValues: zip(streams, service.subscriptions)), relevant: relevant)
        return (entries, Result { () throws(RedisError) in for result in results.dropLast() { _ = try result.get() } })
    }

    /// This consumer's own pending entries of one stream after `id`, oldest first.
    func readPending(
        of source: ServiceName, after id: String, count: Int, relevant: Set<EventType>
    ) async throws(RedisError) -> [Entry] {
        let reply = try await connection.send(
            "XREADGROUP", "GROUP", group, consumer, "COUNT", String(count), "STREAMS", stream(source), id)
        return try Entry.list(streams: reply, sources: [stream(source): source], relevant: relevant)
    }

    /// Claims all entries that have been pending for another consumer for `idle` (XAUTOCLAIM).
    func claim(idle: Duration, relevant: Set<EventType>) async throws(RedisError) -> [Entry] {
        var taken: [Entry] = []
        // Most often there is nothing to claim: one exchange for all streams.
        let first = await connection.send(service.subscriptions.map { claim($0, idle: idle, from: "0-0") })
        for (source, result) in zip(service.subscriptions, first) {
            var reply = try result.get()
            while true {
                let (entries, cursor) = try claimed(reply, source: source, relevant)
                taken += entries
                if cursor == "0-0" { break }
                reply = try await connection.send(claim(source, idle: idle, from: cursor))
            }
        }
        return taken
    }

    private func claim(_ source: ServiceName, idle: Duration, from cursor: String) -> Command {
        Command(
            "XAUTOCLAIM", stream(source), group, consumer, String(Int(idle / .milliseconds(1))), cursor, "COUNT", "256")
    }

    private func claimed(
        _ reply: Reply, source: ServiceName, _ relevant: Set<EventType>
    ) throws(RedisError) -> (entries: [Entry], cursor: String) {
        let parts = try reply.asArray()
        guard parts.count > 1 else { throw .unexpected("XAUTOCLAIM answers at least two elements") }
        return (try Entry.list(entries: parts[1], source: source, relevant: relevant), try parts[0].asText())
    }

    func acknowledge(_ entries: [Entry]) async throws(RedisError) {
        for result in await connection.send(acknowledgements(of: entries)) { _ = try result.get() }
    }

    private func acknowledgements(of entries: [Entry]) -> [Command] {
        Dictionary(grouping: entries, by: \.source).map { source, entries in
            Command(["XACK", stream(source), group] + entries.map(\.id))
        }
    }

    /// Records the group's progress on each stream: the id below the lowest pending entry, or the last delivered id.
    func recordProgress() async throws(RedisError) {
        for source in service.subscriptions {
            let progress = try await position(on: source).progress
            guard progress != StreamID.zero else { continue }
            let call = ConsumerProgress(in: keys, group: group, service: source.rawValue, id: progress.text)
            _ = try await store.run(call)
            // Trimming reads the copy, so the copy is written after the progress in the store.
            if hasOwnStore { _ = try await connection.run(call) }
        }
    }

    /// A store that was restored from a backup needs the later events again. So the copy of its progress beside the stream, which
    /// limits trimming, is lowered before the group is set back.
    private func lowerCopy(of progress: String, on source: ServiceName) async throws(RedisError) {
        guard let copy = try await connection.send("GET", progressKey(source)).asOptionalText().flatMap(StreamID.init),
            let applied = StreamID(progress), copy > applied
        else { return }
        _ = try await connection.send("SET", progressKey(source), progress)
    }

    /// How far the group has read a stream, and its lowest pending entry. Both are read at one moment: a group that is
    /// destroyed and made anew further back would otherwise count as having applied what it has yet to read.
    private func position(on source: ServiceName) async throws(RedisError) -> Position {
        switch try await connection.run(ConsumerPosition(stream: stream(source), group: group)) {
        case .noGroup: throw .noGroup("the group \(group) is gone")
        case .found(let delivered, let lowestPending):
            guard let delivered = StreamID(delivered) else { throw .unexpected("expected a position of the group") }
            return Position(delivered: delivered, lowestPending: StreamID(lowestPending))
        }
    }

    private struct Position {
        let delivered: StreamID
        let lowestPending: StreamID?

        var progress: StreamID { lowestPending?.previous ?? delivered }
    }

    /// Writes a dead letter, then acknowledges the entry. If the process dies in between, the entry gets a second dead letter
    /// with the same eventId.
    func moveToDeadLetters(_ entry: Entry, reason: String, attempts: Int) async throws(RedisError) {
        try await deadLetters.add(entry, reason: reason, attempts: attempts)
        try await acknowledge([entry])
    }

    /// Counts an attempt to apply an entry singly. ``endAttempt(_:)`` clears the count, whatever the outcome.
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
            if parts.count == 2, let source = ServiceName(rawValue: parts[0]), service.subscriptions.contains(source),
                StreamID(parts[1]) != nil
            {
                let pending = try await connection.send("XPENDING", stream(source), group, parts[1], parts[1], "1").asArray()
                guard pending.isEmpty else { continue }
            }
            _ = try await store.send("HDEL", keys.attempts(of: group), name)
            stale.append(name)
        }
        return stale
    }

    /// Removes other consumers that have been idle for so long and have nothing pending, a bounded number.
    /// - Returns: their names.
    func removeIdleConsumers(idle: Duration) async throws(RedisError) -> [String] {
        var removed: [String] = []
        for source in service.subscriptions {
            removed += try await connection.run(
                ConsumerRemoveIdle(
                    stream: stream(source), group: group, consumer: consumer, idle: Int(idle / .milliseconds(1)), limit: 100))
        }
        return removed
    }

    /// Leaves the group if nothing is pending for this consumer.
    /// - Returns: whether that is so in each stream.
    func leave() async throws(RedisError) -> Bool {
        var hasLeft = true
        for source in service.subscriptions {
            let code = try await connection.run(ConsumerLeave(stream: stream(source), group: group, consumer: consumer))
            if code != .left { hasLeft = false }
        }
        return hasLeft
    }
}
