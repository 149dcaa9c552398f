import Foundation
public import Logging

/// How logs look: `text` for people, `json` for machines. All of it goes to stderr, as far as it can be written.
public enum LogFormat: String, Sendable, CaseIterable {
    case text, json
}

public enum Logs {
    /// Sets up logging for the whole process; once, at its start.
    public static func bootstrap(level: Logger.Level, format: LogFormat) {
        LoggingSystem.bootstrap { label in
            var handler: FunctionLogHandler
            switch format {
            case .text:
                let lines = StreamLogHandler(label: label, stream: BestEffortOutput.standardError)
                handler = FunctionLogHandler { writeText($0, metadata: $1, to: lines) }
            case .json: handler = FunctionLogHandler { writeJSON($0, label: label, metadata: $1) }
            }
            handler.logLevel = level
            return handler
        }
    }
}

/// Passes each event to a function, with the metadata of the logger and of the event.
package struct FunctionLogHandler: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata = Logger.Metadata()
    private let write: @Sendable (LogEvent, Logger.Metadata) -> Void

    package init(_ write: @escaping @Sendable (LogEvent, Logger.Metadata) -> Void) { self.write = write }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) { write(event, metadata.merging(event.metadata ?? [:]) { $1 }) }
}

extension Logs {
    /// swift-log's line. Its handler renders the metadata that it keeps whenever a value is set. So it is given all of them with
    /// the event: each request sets some, and few write a line.
    private static func writeText(_ event: LogEvent, metadata: Logger.Metadata, to lines: StreamLogHandler) {
        var event = event
        event.metadata = metadata
        lines.log(event: event)
    }

    /// One JSON object a line.
    private static func writeJSON(_ event: LogEvent, label: String, metadata: Logger.Metadata) {
        let record = LogRecord(
            time: Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)), level: event.level.rawValue,
            label: label, message: event.message.description,
            metadata: metadata.mapValues(\.description))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? encoder.encode(record) else { return }
        BestEffortOutput.standardError.write(String(decoding: line, as: UTF8.self) + "\n")
    }
}

/// The members of one line.
private struct LogRecord: Encodable {
    let time: String
    let level: String
    let label: String
    let message: String
    let metadata: [String: String]
}
