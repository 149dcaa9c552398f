import ArgumentParser
import Contracts
import Foundation
import HTTPServer
import Museum
import Operations
import Platform

struct PurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Removes exhibitions that ended before a day, with their bookings, admissions, pages, seats and events.",
        discussion: """
            Shows what would be removed; removes it only with --yes. After an interruption, run it again: it continues. With --json, one object:
            "purged" (whether it was done), "exhibitions", the number of "bookings", and "postponed": exhibitions that were moved
            meanwhile and stay.

            Examples:
              skmuseum purge --before 2026-01-01
              skmuseum purge --before 2026-01-01 --yes
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var maintenance: MaintenanceOptions

    @Option(help: "A day before today in the museum's TIME_ZONE, YYYY-MM-DD. What ends on it or later stays.")
    var before: String

    @Flag(help: "Remove them.")
    var yes = false

    @Flag(help: "Only show what would be removed. The default.")
    var dryRun = false

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    private static let namedAtMost = 5

    func validate() throws {
        if !ISO8601.isDate(before) { throw ValidationError("--before takes a day, such as 2026-01-31") }
        if yes, dryRun { throw ValidationError("--yes removes and --dry-run does not; take one of them") }
    }

    func run() async throws {
        try await CommandError.reporting {
            let settings = try common.settings()
            let today = LocalClock(settings.timeZone).read(at: WallClock.now()).date
            guard before < today else {
                throw CommandError(
                    "--before must be a day before today, which is \(today) in \(settings.timeZone.identifier)", exitCode: 64)
            }
            let session = try await OperatorSession.open(settings)
            if yes {
                try await session.exclusively("purge", maintenance) { try await purge(session) }
            } else {
                try await ask(session)
            }
        }
    }

    private func ask(_ session: OperatorSession) async throws {
        var exhibitions: [ExhibitionID] = []
        var bookings = 0
        for partition in session.partitions {
            let purge = Purge(session: session, partition: partition, day: before, show: { _ in })
            let found = try await purge.found()
            exhibitions += found
            bookings += try await purge.bookings(of: found)
        }
        if json { return try Output.line(text(exhibitions, bookings: bookings)) }
        let hint = exhibitions.isEmpty ? "" : "; --yes does it"
        try Output.line("would purge \(named(exhibitions)) with \(bookings) bookings\(hint)")
    }

    private func purge(_ session: OperatorSession) async throws {
        var exhibitions: [ExhibitionID] = []
        var postponed: [ExhibitionID] = []
        var bookings = 0
        var line = ProgressLine()
        defer { line.clear() }
        for partition in session.partitions {
            let purge = Purge(session: session, partition: partition, day: before, show: { line.show($0) })
            let outcome = try await purge.run(try await purge.found())
            exhibitions += outcome.exhibitions
            postponed += outcome.postponed
            bookings += outcome.bookings
        }
        line.clear()
        if json { return try Output.line(text(exhibitions, bookings: bookings, postponed: postponed)) }
        try Output.line("purged \(named(exhibitions)) with \(bookings) bookings")
        if !postponed.isEmpty {
            try Output.line("\(postponed.count) were moved to \(before) or later meanwhile and stay: \(list(postponed))")
        }
    }

    private func text(_ exhibitions: [ExhibitionID], bookings: Int, postponed: [ExhibitionID] = []) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("before", before)
            writer.member("purged", yes)
            writer.array("exhibitions", exhibitions) { $0.value($1.text) }
            writer.member("bookings", bookings)
            writer.array("postponed", postponed) { $0.value($1.text) }
        }
        return writer.text
    }

    private func named(_ exhibitions: [ExhibitionID]) -> String {
        "\(exhibitions.count) exhibitions that ended before \(before)" + (exhibitions.isEmpty ? "" : " (\(list(exhibitions)))")
    }

    private func list(_ exhibitions: [ExhibitionID]) -> String {
        exhibitions.prefix(Self.namedAtMost).map(\.text).joined(separator: ", ")
            + (exhibitions.count > Self.namedAtMost ? ", …" : "")
    }
}
