import TestSupport

/// Notes every failover, also those that no fault was meant to bring about: on a busy machine a server may be too slow to reply
/// in time. What a primary acknowledged until it follows the new one may be lost.
struct FailoverMonitor: Sendable {
    let deployment: FaultDeployment
    let group: any RedisGroup

    /// Until it is canceled.
    func run() async {
        var primaries: [String: RedisServer] = [:]
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(100))
            for partition in ["a", "b"] {
                guard let primary = try? await group.primary(of: partition) else { continue }
                if let former = primaries[partition], former !== primary {
                    deployment.note("\(primary.host) has taken the place of \(former.host) in \(partition)")
                    deployment.isLosing(former)
                }
                primaries[partition] = primary
            }
            await deployment.endLosses()
        }
    }
}

extension FaultDeployment {
    /// Runs a body, and notes every failover meanwhile.
    func watchingFailovers<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        guard let group = redis as? any RedisGroup else { return try await body() }
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await FailoverMonitor(deployment: self, group: group).run() }
            defer { tasks.cancelAll() }
            return try await body()
        }
    }

    /// A span in which a primary may have acknowledged what is lost; without an end as long as it may go on with it.
    struct Loss: Sendable {
        let former: RedisServer
        let from: ContinuousClock.Instant
        var to: ContinuousClock.Instant?
    }

    /// What was acknowledged so long before a failover was noticed may not have reached the new primary.
    private static let lag = Duration.seconds(4)

    /// From now on what this primary acknowledges may be lost, and what it acknowledged just before, or since it was isolated.
    func isLosing(_ former: RedisServer) {
        let start = min(.now - Self.lag, isolated.value[former.host] ?? .now)
        losses.update { $0.append(Loss(former: former, from: start, to: nil)) }
    }

    /// Ends the losses of former primaries that follow another one by now, or are dead.
    func endLosses() async {
        for (index, loss) in losses.value.enumerated() where loss.to == nil {
            let role = loss.former.isResponding ? try? await loss.former.info("role") : nil
            if !loss.former.isRunning || role == "slave" { losses.update { $0[index].to = .now } }
        }
    }

    /// Waits until Book has reserved again for bookings whose reservation was lost. It looks 10 s after a failover and every 20 s
    /// from then on. Those that Museum refuses stay.
    func waitForRepairs() async throws {
        _ = await happens(within: .seconds(45)) {
            let hashes = try await History(client, primaries: try await primaries()).hashes
            return !hashes.contains { $0.key.hasPrefix("book:{") && $0.value["status"] == "REQUESTED" }
        }
    }
}
