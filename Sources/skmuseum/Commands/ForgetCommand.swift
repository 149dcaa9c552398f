import ArgumentParser
import Chassis
import Contracts
import Redis

struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Takes a visitor's name out of every room; the bookings stay as numbers under a pseudonym.",
        discussion: "Stopped anywhere, it goes on when it is run again. Bookings that are still to come stay valid.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The visitor, as in the bookings.")
    var visitor: String

    private static let namedAtMost = 10

    func validate() throws {
        if PlainText.clean(visitor, length: 1...64) == nil {
            throw ValidationError("a visitor has 1 to 64 characters and no control characters")
        }
    }

    func run() async throws {
        try await Complaint.reporting {
            let settings = try common.settings()
            let keyspace = try await Keyspace.open(settings)
            var line = ProgressLine()
            let name = PlainText.clean(visitor, length: 1...64) ?? visitor
            let forgetting = Forgetting(
                keyspace: keyspace, visitor: name, today: MuseumDays.today(in: settings.timeZone), show: { line.show($0) })
            let (outcome, pseudonym) = try await forgetting.run()
            line.clear()
            guard !outcome.bookings.isEmpty || outcome.events + outcome.deadLetters > 0 else {
                try Output.line("nothing names \(name)")
                return
            }
            try Output.line(
                "nothing names \(name) any more: \(outcome.bookings.count) bookings are \(pseudonym)'s now, "
                    + "\(outcome.events) events and \(outcome.deadLetters) dead letters are gone")
            let valid = outcome.valid.map(\.text).sorted()
            if !valid.isEmpty {
                let more = valid.count > Self.namedAtMost ? ", …" : ""
                try Output.line(
                    "\(valid.count) of them are still to come and stay valid under their ids; cancel those that shall not be: "
                        + valid.prefix(Self.namedAtMost).joined(separator: ", ") + more)
            }
            try Output.line(
                "the append-only file keeps the name until it is rewritten (BGREWRITEAOF), backups until they are deleted")
        }
    }
}
