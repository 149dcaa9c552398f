import ArgumentParser
import Chassis
import Contracts

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Prints domain events as JSON, one a line, merged over partitions.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Go on with new events as they happen.")
    var follow = false

    @Option(help: "The first event id to show, such as 1764000000000-0.")
    var from: String?

    @Option(help: "Only this room's events: museum, book or confirm.")
    var room: String?

    func validate() throws {
        if let from, StreamID(from) == nil { throw ValidationError("--from takes an event id, such as 1764000000000-0") }
        if let room, !["museum", "book", "confirm"].contains(room) {
            throw ValidationError("--room takes museum, book or confirm; mypage tells nobody anything")
        }
    }

    func run() async throws {
        try await Complaint.reporting {
            let keyspace = try await Keyspace.open(try common.settings())
            let rooms = room.flatMap(Room.init).map { [$0] } ?? [.museum, .book, .confirm]
            var log = EventLog(keyspace, rooms: rooms, from: from.flatMap(StreamID.init) ?? .zero)
            while true {
                while let entry = try await log.next() { try Output.line(entry.json) }
                guard follow else { return }
                try await Task.sleep(for: .milliseconds(100))
                log.resume()
            }
        }
    }
}
