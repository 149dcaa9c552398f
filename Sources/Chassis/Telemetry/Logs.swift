import Contracts
public import Logging
import NIOCore

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
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("time", Calendars.iso8601(Calendars.wallClock()))
            writer.member("level", event.level.rawValue)
            writer.member("label", label)
            writer.member("message", event.message.description)
            writer.object("metadata") { writer in
                let all = metadata.merging(event.metadata ?? [:]) { $1 }
                for (name, value) in all.sorted(by: { $0.key < $1.key }) { writer.member(named: name, value.description) }
            }
        }
        BestEffortOutput.standardError.write(writer.text + "\n")
    }
}
