import ArgumentParser
import Chassis
import Contracts
import Foundation
import Redis
import Scripts

struct PurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Removes exhibitions that ended before a day, with their bookings, admissions, pages, seats and events.",
        discussion: "Says what would go; does it only with --yes. Stopped anywhere, it goes on when it is run again.")

    @OptionGroup var common: CommonOptions

    @Option(help: "A day before today in the museum's TIME_ZONE, YYYY-MM-DD. What ends on it or later stays.")
    var before: String

    @Flag(help: "Remove them.")
    var yes = false

    @Flag(help: "Only say what would go. The default.")
    var dryRun = false

    private static let namedAtMost = 5

    func validate() throws {
        if !Calendars.isDate(before) { throw ValidationError("--before takes a day, such as 2026-01-31") }
        if yes, dryRun { throw ValidationError("--yes removes and --dry-run does not; take one of them") }
    }

    func run() async throws {
        try await Complaint.reporting {
            let settings = try common.settings()
            let today = MuseumDays.today(in: settings.timeZone)
            guard before < today else {
                throw Complaint(
                    "--before must be a day before today, which is \(today) in \(settings.timeZone.identifier)", exitCode: 64)
            }
            let keyspace = try await Keyspace.open(settings)
            var names: [String] = []
            var bookings = 0
            var line = ProgressLine()
            for partition in keyspace.partitions {
                let over = try await Purge.over(before: before, in: partition, keyspace)
                names += over.map(\.text)
                for id in over {
                    bookings += try await keyspace.redis.send("ZCARD", Keys(partition: partition).bookings(of: id.text))
                        .asInteger()
                }
                guard yes, !over.isEmpty else { continue }
                try await Purge(keyspace: keyspace, partition: partition, show: { line.show($0) }).run(over)
            }
            line.clear()
            let first = names.prefix(Self.namedAtMost).joined(separator: ", ") + (names.count > Self.namedAtMost ? ", …" : "")
            let what = "\(names.count) exhibitions that ended before \(before)" + (names.isEmpty ? "" : " (\(first))")
            if yes {
                try Output.line("purged \(what) with \(bookings) bookings")
            } else {
                try Output.line("would purge \(what) with \(bookings) bookings" + (names.isEmpty ? "" : "; --yes does it"))
            }
        }
    }
}
