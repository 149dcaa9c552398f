import UnixSignals

/// Work that a signal stops: it is cancelled, and may report how far it has come before the command ends.
enum Interruptible {
    /// Why the work ended early.
    struct Interrupted: Error, CustomStringConvertible {
        let signal: UnixSignal

        var description: String { "stopped by " + "\(signal)".uppercased() }
    }

    /// Runs the work until it ends, or until SIGINT, SIGTERM or SIGHUP.
    /// - Throws: ``Interrupted`` once the work has ended after a signal; whatever else the work throws.
    static func run(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        try await withThrowingTaskGroup(of: UnixSignal?.self) { group in
            group.addTask {
                try await work()
                return nil
            }
            group.addTask {
                for await signal in signals { return signal }
                return nil
            }
            defer { group.cancelAll() }
            guard let signal = try await group.next() ?? nil else { return }
            group.cancelAll()
            // The error of a cancelled work is not the reason; the work may also have reached its end.
            if case .success = await group.nextResult() { return }
            throw Interrupted(signal: signal)
        }
    }
}
