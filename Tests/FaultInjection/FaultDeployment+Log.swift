import Redis
import Scripts
import TestSupport

/// What processes print while something is refused: a few lines, however often they try again.
extension FaultDeployment {
    /// What a role may print for each of its partitions: that a connection ended, that a command is refused, that each is over.
    private static let linesPerPartition = 4
    /// What a process may print besides: that Redis is full, that another service can't be reached, that each is over.
    private static let linesBesides = 6

    /// Runs a fault, and finds the processes that print a line for each try instead of one for each fault.
    func watchingLog<Value>(of processes: [Process], _ when: String, _ body: () async throws -> Value) async throws -> Value {
        let isQuiet = try await waitUntilQuiet(processes)
        let before = processes.map(\.process.printedLines)
        let start = ContinuousClock.now
        let value = try await body()
        let span = ContinuousClock.now - start
        let partitions = try await client.send("SCARD", Keys.partitions).asInteger()
        for (process, before) in zip(processes, before) where isQuiet {
            let lines = process.process.printedLines - before
            let limit = Self.linesPerPartition * partitions * process.process.roles.count + Self.linesBesides
            if lines > limit { find(process.name, "\(lines) lines were printed in \(span) \(when)") }
        }
        return value
    }

    /// - Returns: whether every process is ready and these have printed nothing for half a second: an earlier fault is over.
    private func waitUntilQuiet(_ processes: [Process]) async throws -> Bool {
        for service in services { try await service.process.waitUntilReady(within: .seconds(60)) }
        return await happens(within: .seconds(10)) {
            let before = processes.map(\.process.printedLines)
            try await Task.sleep(for: .milliseconds(500))
            return before == processes.map(\.process.printedLines)
        }
    }
}

extension MuseumProcess {
    /// How many lines it has printed so far. At LOG_LEVEL=warning each is a violation.
    fileprivate var printedLines: Int { printed().utf8.count { $0 == UInt8(ascii: "\n") } }
}
