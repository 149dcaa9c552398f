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
            var handler: any LogHandler =
                switch format {
                case .text: StreamLogHandler(label: label, stream: BestEffortOutput.standardError)
                case .json: JSONLogHandler(label: label)
                }
            handler.logLevel = level
            return handler
        }
    }
}

/// One JSON object a line.
private struct JSONLogHandler: LogHandler {
    let label: String
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let record = LogRecord(
            time: Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)), level: event.level.rawValue,
            label: label, message: event.message.description,
            metadata: metadata.merging(event.metadata ?? [:]) { $1 }.mapValues(\.description))
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
