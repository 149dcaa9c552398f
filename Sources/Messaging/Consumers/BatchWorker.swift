import Contracts
import Logging
import Redis
import Tracing

/// Applies and acknowledges the entries that one connection's consumer reads, and keeps entries to retry later.
struct BatchWorker {
    private struct Waiting {
        let entry: Entry
        let since: ContinuousClock.Instant
        var attempts = 0
        var due: ContinuousClock.Instant
    }

    private let group: ConsumerGroup
    private let connections: ConsumerConnections
    let handler: any EventHandler
    /// What the handler writes through.
    private let recorder: RefusalRecorder
    private let writes: WriteRetry
    private let singleAttempts: SingleEventAttempts
    private let appliedEvents: AppliedEvents
    private let logger: Logger
    private let metrics: ConsumerMetrics
    /// `nil`: spans are not recorded.
    private let tracing: EventTracing?
    /// Unacknowledged entries whose subject does not exist yet, by name.
    private var waiting: [String: Waiting] = [:]
    /// Entries that are applied, and are acknowledged with the next read.
    private var applied: [Entry] = []
    private var linger = Linger()
    /// Whether anything was acknowledged since progress was last written.
    private(set) var hasProgress = true
    /// Whether anything has been acknowledged yet.
    private(set) var hasAcknowledged = false

    init(
        group: ConsumerGroup, connections: ConsumerConnections, handler: any EventHandler, recorder: RefusalRecorder,
        refusals: RefusedWrites, singleAttempts: SingleEventAttempts, appliedEvents: AppliedEvents, isTracing: Bool,
        logger: Logger
    ) {
        self.group = group
        self.connections = connections
        self.handler = handler
        self.recorder = recorder
        writes = WriteRetry(partition: group.partition, connections: connections, refusals: refusals)
        self.singleAttempts = singleAttempts
        self.appliedEvents = appliedEvents
        self.logger = logger
        metrics = ConsumerMetrics(of: group.service)
        tracing = isTracing ? EventTracing(of: group.service) : nil
    }

    /// Applies what is pending for this consumer from an earlier session.
    /// - Parameter oneByOne: whether one of them may have killed the process, so that each is taken alone and counted.
    mutating func recover(oneByOne: Bool) async throws(RedisError) {
        for source in group.service.subscriptions {
            var after = "0"
            while true {
                let entries = try await group.readPending(
                    of: source, after: after, count: ConsumerConfiguration.batchLimit, relevant: handler.relevant)
                guard let last = entries.last else { break }
                after = last.id
                if oneByOne { try await applyAlone(entries) } else { try await apply(entries) }
                try await acknowledge()
            }
        }
        for name in try await group.clearStaleAttempts() { singleAttempts.remove(name) }
    }

    /// Claims the pending entries of a dead consumer and applies each singly.
    mutating func claim(idle: Duration) async throws(RedisError) {
        // What this consumer has applied is not claimed again.
        try await acknowledge()
        let found =
            try await writes.unlessRefused("claim") { () async throws(RedisError) in
                try await group.claim(idle: idle, relevant: handler.relevant)
            } ?? []
        let entries = found.filter { waiting[$0.name] == nil }
        if !entries.isEmpty { logger.info("pending events claimed", metadata: ["count": "\(entries.count)"]) }
        try await applyAlone(entries)
    }

    /// Records the progress: the id up to which all entries are applied.
    mutating func recordProgress() async throws(RedisError) {
        try await acknowledge()
        let written: Void? = try await writes.unlessRefused("progress") { () async throws(RedisError) in
            try await group.recordProgress()
        }
        hasProgress = written == nil
    }

    /// Shows how many dead letters the group has. A failed read keeps the last value: the next command of the session reports
    /// what is wrong with the connection.
    func measureDeadLetters() async {
        guard let count = try? await group.deadLetters.count() else { return }
        metrics.deadLettersStored(count, in: group.partition)
    }

    /// Removes consumers of this group that will not come back.
    func removeIdleConsumers(idle: Duration) async throws(RedisError) {
        let names = try await writes.unlessRefused("remove consumers") { () async throws(RedisError) in
            try await group.removeIdleConsumers(idle: idle)
        }
        guard let names, !names.isEmpty else { return }
        logger.info("idle consumers removed", metadata: ["consumers": "\(Set(names).sorted().joined(separator: " "))"])
    }

    /// Acknowledges what is applied, reads new entries and applies them. Waits at most until `due` or the next retry. Graceful
    /// shutdown ends the wait at once.
    /// - Parameter settling: the least time between the first entry's arrival and its application.
    mutating func applyNew(settling: Duration, until due: ContinuousClock.Instant) async throws(RedisError) {
        if linger.pause > .zero { try? await Task.sleep(for: linger.pause) }
        let next = waiting.values.map(\.due).reduce(due, min)
        // The read returns soon after the last event of many, so that its acknowledgement is known.
        let longest = applied.isEmpty ? ConsumerConfiguration.longestBlock : ConsumerConfiguration.acknowledgingBlock
        let block = min(max(next - .now, .milliseconds(1)), longest)
        let (entries, acknowledged) = try await connections.closingOnShutdown {
            [group, applied, relevant = handler.relevant] connection throws(RedisError) in
            try await group.readNew(
                acknowledging: applied, relevant: relevant, count: ConsumerConfiguration.batchLimit, block: block, on: connection)
        }
        try await finishAcknowledging(acknowledged)
        if entries.isEmpty { return }
        metrics.batchRead(count: entries.count)
        if linger.pause < settling { try? await Task.sleep(for: settling - linger.pause) }
        linger.observe(count: entries.count, isFull: entries.count >= ConsumerConfiguration.batchLimit, at: .now)
        try await apply(entries)
    }

    /// Acknowledges what is applied, now.
    mutating func acknowledge() async throws(RedisError) {
        if applied.isEmpty { return }
        try await writes.untilAccepted("acknowledge") { [applied] () async throws(RedisError) in
            try await group.acknowledge(applied)
        }
        markAcknowledged()
    }

    private mutating func finishAcknowledging(_ result: Result<Void, RedisError>) async throws(RedisError) {
        if applied.isEmpty { return }
        switch result {
        case .success:
            writes.accepted("acknowledge")
            markAcknowledged()
        case .failure(let error):
            guard let cause = error.refusal else { throw error }
            writes.refused("acknowledge", cause: cause)
            try await acknowledge()
        }
    }

    private mutating func markAcknowledged() {
        hasAcknowledged = true
        appliedEvents.note(applied)
        metrics.applied(applied.compactMap { StreamID($0.id).map { UnixMilliseconds($0.milliseconds) } })
        applied.removeAll(keepingCapacity: true)
        hasProgress = true
    }

    /// Retries the postponed entries that are due.
    mutating func retryDue() async throws(RedisError) {
        let now = ContinuousClock.now
        let due = waiting.values.filter { $0.due <= now }.map(\.entry)
        if !due.isEmpty { try await apply(due) }
    }

    /// Applies entries one at a time. Counts an attempt before each and clears it afterwards, so that an entry that crashes the
    /// process is found by its count.
    private mutating func applyAlone(_ entries: [Entry]) async throws(RedisError) {
        for entry in entries {
            // An outage does not count as a crash: what this process has counted is not counted again.
            let attempts =
                singleAttempts.contains(entry.name)
                ? 0
                : try await writes.untilAccepted("attempts") { () async throws(RedisError) in try await group.beginAttempt(entry)
                }
            singleAttempts.insert(entry.name)
            // An entry that is gone from its stream can't be moved to the dead letters.
            if attempts > ConsumerConfiguration.fatalAttempts, !entry.isGone {
                try await moveToDeadLetters(entry, reason: "the process ended while applying it", attempts: attempts - 1)
            } else {
                try await apply([entry])
                try await acknowledge()
            }
            try await writes.untilAccepted("attempts") { () async throws(RedisError) in try await group.endAttempt(entry) }
            singleAttempts.remove(entry.name)
        }
    }

    /// Applies entries. They are acknowledged later.
    private mutating func apply(_ entries: [Entry]) async throws(RedisError) {
        var good: [(entry: Entry, event: Event)] = []
        var done: [Entry] = []
        var spans: [(any Span)?] = []
        defer { for span in spans { span?.end() } }
        for entry in entries {
            switch entry.content {
            case .event(var event):
                if let tracing { spans.append(tracing.begin(&event, id: entry.id)) }
                good.append((entry, event))
            case .irrelevant: done.append(entry)
            case .gone:
                // Trimming removes only events that this group has applied. So the entry was replayed, or somebody deleted it by
                // hand.
                logger.info(
                    "event is gone from its stream", metadata: ["service": "\(entry.source.rawValue)", "id": "\(entry.id)"])
                done.append(entry)
            case .malformed(let why): try await moveToDeadLetters(entry, reason: why.description, attempts: 1)
            }
        }
        let dispositions = try await dispositions(on: good.map { Delivery(event: $0.event, age: age(of: $0.entry)) })
        for ((entry, event), disposition) in zip(good, dispositions) {
            switch disposition {
            case .applied:
                done.append(entry)
                logger.debug(
                    "event applied",
                    metadata: [
                        "eventType": "\(event.type.rawValue)", "id": "\(entry.id)", "requestId": "\(event.requestId ?? "")",
                        "traceId": "\(event.traceparent.map(Traceparent.traceId) ?? "")",
                    ])
            case .retryLater: postpone(entry)
            case .deadLetter(let reason): try await moveToDeadLetters(entry, reason: reason, attempts: 1)
            }
        }
        if !waiting.isEmpty { for entry in done { waiting[entry.name] = nil } }
        applied += done
    }

    /// Hands the deliveries to the service. Retries transient failures as long as the connection is open; a repeated internal
    /// error is traced to its single delivery.
    private func dispositions(on deliveries: [Delivery]) async throws(RedisError) -> [EventDisposition] {
        if deliveries.isEmpty { return [] }
        var attempt = 0
        while true {
            do throws(Failure) {
                let dispositions = try await handler.handle(deliveries)
                writes.accepted("apply")
                return dispositions
            } catch {
                attempt += 1
                if let cause = recorder.takeRefusal() { writes.refused("apply", cause: cause) }
                if case .internal(let what) = error {
                    if deliveries.count > 1 { return try await oneByOne(deliveries) }
                    logger.error("event could not be applied", metadata: ["what": "\(what)", "attempt": "\(attempt)"])
                    if attempt == ConsumerConfiguration.fatalAttempts { return [.deadLetter(what)] }
                }
                try await writes.pause(attempt: attempt)
            }
        }
    }

    private func oneByOne(_ deliveries: [Delivery]) async throws(RedisError) -> [EventDisposition] {
        var all: [EventDisposition] = []
        for delivery in deliveries { all += try await dispositions(on: [delivery]) }
        return all
    }

    private func age(of entry: Entry) -> Duration { waiting[entry.name].map { .now - $0.since } ?? .zero }

    /// Retries with a pause that doubles up to a second.
    private mutating func postpone(_ entry: Entry) {
        let now = ContinuousClock.now
        var kept = waiting[entry.name] ?? Waiting(entry: entry, since: now, due: now)
        kept.attempts += 1
        kept.due = now + Backoff.pause(attempt: kept.attempts, from: .milliseconds(10), to: .seconds(1))
        waiting[entry.name] = kept
    }

    private mutating func moveToDeadLetters(_ entry: Entry, reason: String, attempts: Int) async throws(RedisError) {
        logger.error(
            "event moved to dead letters",
            metadata: ["service": "\(entry.source.rawValue)", "id": "\(entry.id)", "reason": "\(reason)"])
        try await writes.untilAccepted("dead letter") { () async throws(RedisError) in
            try await group.moveToDeadLetters(entry, reason: reason, attempts: attempts)
        }
        hasAcknowledged = true
        waiting[entry.name] = nil
        metrics.movedToDeadLetters()
        hasProgress = true
    }
}
