import ArgumentParser
import Contracts
import HTTPServer
import Messaging
import Operations

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract:
            "Sets a service's consumer group back, never forward, and shows progress until it has caught up. Does no harm: what was applied is skipped.",
        discussion: """
            With --json, one object: "group", "events", "milliseconds", and "streams" with the events of each.

            Examples:
              skmuseum replay mypage
              skmuseum replay confirm --from 1764000000000-0
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "confirm, mypage, book or museum.", completion: .list(["confirm", "mypage", "book", "museum"]))
    var service: String

    @Option(help: "The first event id to replay. Default: the beginning.")
    var from: String?

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func validate() throws {
        if ServiceName(rawValue: service) == nil {
            throw ValidationError("unknown service '\(service)'; use confirm, mypage, book or museum")
        }
        if let from, StreamID(from) == nil { throw ValidationError("--from takes an event id, such as 1764000000000-0") }
    }

    func run() async throws {
        try await common.withSession { session in
            guard let group = ServiceName(rawValue: service) else { return }
            var line = ProgressLine()
            defer { line.clear() }
            let replay = Replay(group, from: from.flatMap(StreamID.init) ?? .zero, session)
            let outcome = try await replay.run { line.show($0) }
            line.clear()
            if json { return try Output.line(text(outcome)) }
            if outcome.streams.count > 1 {
                for row in TextTable.lines(outcome.streams.map { [$0.name, "\($0.events) events"] }) { try Output.line(row) }
            }
            try Output.line("\(service) has caught up: \(outcome.events) events in \(milliseconds(outcome)) ms")
        }
    }

    private func milliseconds(_ outcome: Replay.Outcome) -> Int { Int(outcome.duration / .milliseconds(1)) }

    private func text(_ outcome: Replay.Outcome) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("group", outcome.group.rawValue)
            writer.member("events", outcome.events)
            writer.member("milliseconds", milliseconds(outcome))
            writer.objects("streams", outcome.streams) { writer, stream in
                writer.member("stream", stream.name)
                writer.member("events", stream.events)
            }
        }
        return writer.text
    }
}
