public import Logging
import Platform

/// Captures what a logger writes.
public final class CapturedLogs: Sendable {
    public let lines = LockedBox<[String]>([])
    /// Those of level notice and above.
    public let loud = LockedBox<[String]>([])

    public init() {}

    public var logger: Logger {
        var logger = Logger(label: "test") { _ in FunctionLogHandler { self.capture($0, $1) } }
        logger.logLevel = .debug
        return logger
    }

    public func times(_ message: String) -> Int { lines.value.count { $0.hasPrefix(message) } }

    private func capture(_ event: LogEvent, _ metadata: Logger.Metadata) {
        let line = "\(event.message) " + metadata.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        lines.update { $0.append(line) }
        if event.level >= .notice { loud.update { $0.append(line) } }
    }
}
