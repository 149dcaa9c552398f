import Foundation
import UnixSignals

/// The signals that drain and stop.
enum StopSignals {
    /// A SIGHUP that is ignored from the start (`nohup`) stays ignored.
    static let all: [UnixSignal] = {
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        // Both are pointers to C functions, which Swift can't compare: their addresses are compared as integers of the same size.
        let isIgnored = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        return isIgnored ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup]
    }()

    /// Does the work; a signal that comes first cancels it.
    /// - Returns: `nil` after a signal, once the work has ended.
    static func interrupting<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let signals = await UnixSignalsSequence(trapping: all)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            // The error of a cancelled work is of no interest.
            while (try? await group.next()) != nil {}
            return first
        }
    }

    /// Waits this long, or until the next signal.
    static func wait(for delay: Duration) async {
        guard delay > .zero else { return }
        _ = try? await interrupting { try await Task.sleep(for: delay) }
    }
}
