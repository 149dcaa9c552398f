public import Logging

/// Captures what a logger writes.
public final class CapturedLogs: Sendable {
    public let lines = LockedBox<[String]>([])
    /// Those of level notice and above.
    public let loud = LockedBox<[String]>([])

    public init() {}

    public var logger: Logger { Logger(label: "test") { _ in Handler(book: self) } }

    public func times(_ message: String) -> Int { lines.value.count { $0.hasPrefix(message) } }

    private struct Handler: LogHandler {
        let book: CapturedLogs
        var logLevel = Logger.Level.debug
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }.map { "\($0.key)=\($0.value)" }.sorted()
            let line = "\(event.message) " + all.joined(separator: " ")
            book.lines.update { $0.append(line) }
            if event.level >= .notice { book.loud.update { $0.append(line) } }
        }
    }
}
