import ArgumentParser
import Contracts
import HTTPServer
import Messaging
import Operations

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Prints domain events as JSON, one a line, merged over partitions.",
        discussion: """
            Examples:
              skmuseum events --service book --follow
              skmuseum events --from 1764000000000-0
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Go on with new events as they happen.")
    var follow = false

    @Option(help: "The first event id to show, such as 1764000000000-0.")
    var from: String?

    @Option(help: "Only this service's events: museum, book or confirm.", completion: .list(["museum", "book", "confirm"]))
    var service: String?

    func validate() throws {
        if let from, StreamID(from) == nil { throw ValidationError("--from takes an event id, such as 1764000000000-0") }
        if let service, !["museum", "book", "confirm"].contains(service) {
            throw ValidationError("--service takes museum, book or confirm; mypage has no events")
        }
    }

    func run() async throws {
        try await common.withSession { session in
            let services = service.flatMap(ServiceName.init).map { [$0] } ?? [.museum, .book, .confirm]
            var log = EventLog(session, services: services, from: from.flatMap(StreamID.init) ?? .zero)
            while true {
                while let entry = try await log.next() { try Output.line(entry.json) }
                guard follow else { return }
                try await Task.sleep(for: .milliseconds(100))
                log.resume()
            }
        }
    }
}
