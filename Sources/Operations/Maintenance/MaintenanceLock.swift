import Redis
import Scripts

/// Lets one maintenance command run at a time: each reads, decides and writes in many steps, and another command would change
/// what it has read.
///
/// The lock is a key that names its holder's connection. It has no expiry: correctness must not depend on a clock. Another
/// command may take the lock when no client of the holder's name has been connected for a while.
struct MaintenanceLock {
    private let redis: RedisClient
    private let holder: MaintenanceHolder
    private let note: @Sendable (String) -> Void

    /// A holder that has lost all its connections reconnects in less time than this.
    private static let staleAfter = Duration.seconds(2)
    private static let checkEvery = Duration.milliseconds(250)
    /// How long Redis may be unreachable while a command waits.
    private static let outageLimit = Duration.seconds(5)

    private init(_ redis: RedisClient, _ holder: MaintenanceHolder, note: @escaping @Sendable (String) -> Void) {
        self.redis = redis
        self.holder = holder
        self.note = note
    }

    /// Takes the lock; reports the holder it waits for.
    /// - Throws: ``OperationError`` if another command still holds it after `wait`.
    fileprivate static func take(
        _ session: OperatorSession, for command: String, within wait: Duration, note: @escaping @Sendable (String) -> Void
    ) async throws -> MaintenanceLock {
        let lock = MaintenanceLock(
            session.redis, MaintenanceHolder(command: command, clientName: session.clientName), note: note)
        let deadline = ContinuousClock.now + wait
        var seen = ""
        var unconnectedSince: ContinuousClock.Instant?
        while true {
            guard let present = try await lock.replace("", with: lock.holder.value) else { return lock }
            let other = MaintenanceHolder(value: present)
            let name = other.map(\.description) ?? "'\(present)', as \(Keys.maintenance) says,"
            if present != seen {
                note("waiting for \(name) to end")
                seen = present
                unconnectedSince = nil
            }
            if try await lock.untilReachable({ () throws(RedisError) in try await lock.isConnected(other) }) {
                unconnectedSince = nil
            } else if let since = unconnectedSince, .now - since >= staleAfter {
                // Compared and set in one step: of several commands that wait, one takes the lock.
                guard try await lock.replace(present, with: lock.holder.value) != nil else { return lock }
                continue
            } else {
                unconnectedSince = unconnectedSince ?? .now
            }
            guard .now < deadline else { throw OperationError("waited in vain for \(name) to end; run this again later") }
            try await Task.sleep(for: checkEvery)
        }
    }

    /// - Returns: what the work returns, when the lock is no longer watched.
    fileprivate func keeping<Value>(onLoss: @escaping @Sendable (String) -> Void, _ work: () async throws -> Value) async throws
        -> Value
    {
        async let _: Void = keep(onLoss)
        return try await work()
    }

    /// Keeps a connection open, and says so if another command has the lock. A command may be killed at any point; two
    /// commands must not run at the same time.
    private func keep(_ onLoss: @escaping @Sendable (String) -> Void) async {
        while !Task.isCancelled {
            if let value = try? await redis.send("GET", Keys.maintenance), value != .text(holder.value), !Task.isCancelled {
                return onLoss(Keys.maintenance)
            }
            try? await Task.sleep(for: Self.checkEvery)
        }
    }

    /// Retries while the connection is lost: the commands sent here may be applied twice.
    private func untilReachable<Value>(_ ask: () async throws(RedisError) -> Value) async throws(RedisError) -> Value {
        let deadline = ContinuousClock.now + Self.outageLimit
        while true {
            do throws(RedisError) {
                return try await ask()
            } catch {
                switch error {
                case .unreachable, .outcomeUnknown, .busy, .readOnly: if .now >= deadline { throw error }
                default: throw error
                }
            }
            do { try await Task.sleep(for: Self.checkEvery) } catch { throw .unreachable("cancelled") }
        }
    }

    /// If Redis can't be reached, the lock becomes stale.
    fileprivate func release() async {
        do throws(RedisError) {
            _ = try await replace(holder.value, with: "")
        } catch {
            note("the maintenance lock could not be released: \(error); the next command takes it")
        }
    }

    /// - Returns: `nil` if it was replaced; else the present value of the lock.
    private func replace(_ present: String, with value: String) async throws(RedisError) -> String? {
        let call = MuseumMaintenance(present: present, value: value)
        switch try await untilReachable({ () throws(RedisError) in try await redis.run(call) }) {
        case .replaced: return nil
        // The reply to the first was lost.
        case .changed(let found): return found == value ? nil : found
        }
    }

    /// In a cluster, a holder is connected to the node that has the lock: it keeps asking for it there.
    private func isConnected(_ holder: MaintenanceHolder?) async throws(RedisError) -> Bool {
        guard let holder else { return false }
        let clients = try await redis.send(Command("CLIENT", "LIST").near(Keys.maintenance)).asText()
        return clients.split(whereSeparator: \.isNewline).contains { line in
            line.split(separator: " ").contains { $0 == "name=\(holder.clientName)" }
        }
    }
}

extension OperatorSession {
    /// Runs a maintenance command's work while no other one runs.
    /// - Parameters:
    ///   - note: shows what is waited for.
    ///   - onLoss: called when another command has the lock, with the lock's key. A command ends its process then.
    package func exclusively<Value>(
        _ command: String, within wait: Duration, note: @escaping @Sendable (String) -> Void,
        onLoss: @escaping @Sendable (String) -> Void, _ work: () async throws -> Value
    ) async throws -> Value {
        let lock = try await MaintenanceLock.take(self, for: command, within: wait, note: note)
        let outcome: Result<Value, any Error>
        do {
            outcome = .success(try await lock.keeping(onLoss: onLoss, work))
        } catch {
            outcome = .failure(error)
        }
        await lock.release()
        return try outcome.get()
    }
}
