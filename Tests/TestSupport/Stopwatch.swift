public import Foundation

/// Measures time without what was spent waiting for a core, so that a bound on it holds on a busy machine, too.
public struct Stopwatch: Sendable {
    private let processes: [pid_t]
    private let start = ContinuousClock.now
    private let waited: [pid_t: Int64]

    /// - Parameter others: processes that take part in the work besides this one.
    public init(with others: [pid_t] = []) {
        processes = [getpid()] + others
        waited = Self.waited(processes)
    }

    /// Threads that wait at the same time are all counted, so that this may be too small on a busy machine, and never too
    /// large.
    public var elapsed: Duration {
        // A thread that ended meanwhile is in `waited` only, a new one only in what is read now, and a new one may have
        // the number of one that ended.
        let sum = Self.waited(processes).reduce(0) { $0 + max(0, $1.value - (waited[$1.key] ?? 0)) }
        return ContinuousClock.now - start - .nanoseconds(sum)
    }

    /// For each thread how many nanoseconds it was ready to run and had no core, as the kernel keeps them.
    private static func waited(_ processes: [pid_t]) -> [pid_t: Int64] {
        var waited: [pid_t: Int64] = [:]
        for process in processes {
            let folder = "/proc/\(process)/task"
            for thread in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                let numbers = try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8).split(separator: " ")
                if let id = pid_t(thread), let numbers, numbers.count > 1 { waited[id] = Int64(numbers[1]) ?? 0 }
            }
        }
        return waited
    }

    /// The CPU time that work on this thread takes.
    public static func cpuTime(_ work: () throws -> Void) rethrows -> Duration {
        // The kernel's first number: nanoseconds that the thread has run.
        func now() -> Duration {
            let numbers = try? String(contentsOfFile: "/proc/thread-self/schedstat", encoding: .utf8).split(separator: " ")
            return .nanoseconds(numbers?.first.flatMap { Int64($0) } ?? 0)
        }
        let start = now()
        try work()
        return now() - start
    }
}

/// Waits until the condition holds, however busy the machine, and then judges the time by a ``Stopwatch``.
public func soon(
    _ what: String, within limit: Duration, with others: [pid_t] = [], _ condition: () async throws -> Bool
) async throws {
    let watch = Stopwatch(with: others)
    try await eventually(what, within: .seconds(30), condition)
    guard watch.elapsed < limit else { throw Failed("not within \(limit) but \(watch.elapsed): \(what)") }
}
