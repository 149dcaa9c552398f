import Contracts
import Logging
import Redis
import ServiceLifecycle

/// Consumes one partition's events for one service: reads, applies through the service, acknowledges.
///
/// If the connection is lost, the batch in flight is not acknowledged, and is read again as pending. A transient failure is tried
/// again in place and never becomes a dead letter.
struct EventConsumer: Sendable {
    let service: ServiceName
    let partition: String
    let configuration: ConsumerConfiguration
    let refusals: RefusedWrites
    let logger: Logger

    /// What outlives a connection.
    private struct Memory {
        let singleAttempts = SingleEventAttempts()
        let applied = AppliedEvents()
    }

    func run() async {
        // Only entries that the previous process with this consumer name left pending can have crashed it.
        var isUncleanStart = true
        let memory = Memory()
        var failures = 0
        var log = FailureLog(logger, failing: "consumer session failed, retrying", recovered: "consumer recovered")
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            do throws(RedisError) {
                try await session(isUncleanStart: &isUncleanStart, memory: memory) {
                    failures = 0
                    log.succeeded()
                }
            } catch {
                // The read that was blocked when the process was told to stop.
                if Task.isShuttingDownGracefully { break }
                failures += 1
                log.failed(error)
                if error.refusal != nil { refusals.count() }
                let pause = Backoff.pause(attempt: failures, from: .milliseconds(20), to: .milliseconds(500))
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
            }
        }
        await leave(memory)
    }

    /// One connection's life. Returns when the process shuts down, after the batch in flight is done.
    /// - Parameter onSteady: called once the session has worked: it has acknowledged something, or run for a while without an
    ///   error.
    private func session(
        isUncleanStart: inout Bool, memory: Memory, onSteady: () -> Void
    ) async throws(RedisError) {
        let connections = try await ConsumerConnections(configuration, partition: partition)
        defer { connections.close() }
        let group = group(streams: connections.streams, store: connections.store)
        try await group.prepare(after: memory.applied) { $0.report(service, logger) }
        configuration.onSession(partition, memory.applied.takeLoss())
        var work = worker(group, connections, memory)
        try await work.recover(oneByOne: isUncleanStart)
        isUncleanStart = false
        var revival = DeadLetterReprocessor(group.deadLetters, handler: work.handler, logger: logger)

        let start = ContinuousClock.now
        var steadyAt: ContinuousClock.Instant? = start + ConsumerConfiguration.steadyAfter
        var nextClaim = start
        var nextProgress = start
        var nextMeasurement = start
        var nextRemoval = start
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            guard connections.areActive else { throw .unreachable("the connection closed") }
            if let due = steadyAt, work.hasAcknowledged || .now >= due {
                steadyAt = nil
                onSteady()
            }
            if .now >= nextClaim {
                // The second claim comes 2.5 s after the first. By then all entries that were pending at the start are idle long
                // enough.
                let isFirst = nextClaim == start
                try await work.claim(idle: ConsumerConfiguration.claimAfter)
                nextClaim =
                    .now + (isFirst ? ConsumerConfiguration.claimAfter : ConsumerConfiguration.claimEvery)
            }
            if .now >= nextMeasurement {
                await work.measureDeadLetters()
                nextMeasurement = .now + ConsumerConfiguration.measureEvery
            }
            if .now >= nextRemoval {
                try await work.removeIdleConsumers(idle: configuration.removeAfter)
                nextRemoval = .now + configuration.removeAfter / 6
            }
            try await work.retryDue()
            try await revival.step()
            if work.hasProgress, .now >= nextProgress {
                try await work.recordProgress()
                nextProgress = .now + ConsumerConfiguration.progressEvery
            }
            let due = [steadyAt, revival.due, work.hasProgress ? nextProgress : nil, nextRemoval].compactMap { $0 }
            try await work.applyNew(settling: configuration.settling, until: due.reduce(nextClaim, min))
        }
        try await work.acknowledge()
    }

    /// Leaves the group, over the client's pooled connections. Entries that Redis delivered while the dedicated connection was
    /// closing are applied first.
    private func leave(_ memory: Memory) async {
        let group = group(streams: configuration.events, store: configuration.store ?? configuration.events)
        do throws(RedisError) {
            try await group.recordProgress()
            if try await group.leave() { return }
            let connections = try await ConsumerConnections(configuration, partition: partition)
            defer { connections.close() }
            var work = worker(self.group(streams: connections.streams, store: connections.store), connections, memory)
            try await work.recover(oneByOne: false)
            try await group.recordProgress()
            _ = try await group.leave()
        } catch {
            // Another consumer claims what is still pending.
            logger.debug("consumer could not leave its group", metadata: ["reason": "\(error)"])
        }
    }

    private func group(streams: any RedisSender, store: any RedisSender) -> ConsumerGroup {
        ConsumerGroup(
            service: service, partition: partition, consumer: configuration.consumer, connection: streams, store: store,
            hasOwnStore: configuration.store != nil)
    }

    private func worker(_ group: ConsumerGroup, _ connections: ConsumerConnections, _ memory: Memory)
        -> BatchWorker
    {
        let recorder = RefusalRecorder(connections.store)
        return BatchWorker(
            group: group, connections: connections, handler: configuration.handler(recorder), recorder: recorder,
            refusals: refusals, singleAttempts: memory.singleAttempts, appliedEvents: memory.applied,
            isTracing: configuration.isTracing, logger: logger)
    }
}
