import ArgumentParser
import Contracts
import HTTPServer
import Museum
import Operations
import Platform
import Redis
import Synchronization

struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Takes a visitor's name out of every service; the bookings stay as numbers under a pseudonym.",
        discussion: """
            After an interruption, run it again: it continues. Bookings that are still to come stay valid. With --json, one object:
            "found", "pseudonym", the numbers of "bookings", "events" and "deadLetters", and "valid": the bookings still to come.

            Examples:
              skmuseum forget kim@example.com
              skmuseum forget 'Kim Minji' --wait 5m
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var maintenance: MaintenanceOptions

    @Argument(help: "The visitor, as in the bookings.")
    var visitor: String

    @Option(help: "How long to wait for a role that has yet to apply events.")
    var wait = "60s"

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    private static let namedAtMost = 10

    func validate() throws {
        // Not `clean`: earlier versions took names that it refuses, and these must be forgotten, too.
        if !(1...64).contains(InputText.normalized(visitor)?.unicodeScalars.count ?? 0) {
            throw ValidationError("a visitor has 1 to 64 characters and no control characters")
        }
        if DurationText.parse(wait) == nil { throw ValidationError("--wait takes a duration, such as 10s or 2m") }
    }

    func run() async throws {
        try await CommandError.reporting {
            let settings = try common.settings()
            let session = try await OperatorSession.open(settings)
            let name = InputText.normalized(visitor) ?? visitor
            let line = Mutex(ProgressLine())
            let anonymization = VisitorAnonymization(
                session: session, visitor: name, today: LocalClock(settings.timeZone).read(at: WallClock.now()).date,
                wait: DurationText.parse(wait) ?? .seconds(60),
                show: { progress, isStep in line.withLock { $0.show(progress, isStep: isStep) } })
            let outcome: VisitorAnonymization.Outcome
            do {
                defer { line.withLock { $0.clear() } }
                outcome = try await session.exclusively("forget", maintenance) { try await finish(anonymization) }
            }
            try report(outcome, on: name)
        }
    }

    /// Runs it to its end; if something stops it, the error includes what it has done.
    private func finish(_ anonymization: VisitorAnonymization) async throws -> VisitorAnonymization.Outcome {
        let reached = Mutex(VisitorAnonymization.Outcome())
        do {
            try await Interruptible.run {
                var outcome = VisitorAnonymization.Outcome()
                defer { reached.withLock { $0 = outcome } }
                try await anonymization.run(&outcome)
            }
        } catch {
            let outcome = reached.withLock { $0 }
            let renamed = outcome.bookings.isEmpty ? "no bookings renamed" : "\(outcome.bookings.count) bookings renamed"
            let soFar = "so far \(renamed), \(outcome.events) events and \(outcome.deadLetters) dead letters removed"
            // An operation's error already names the next step.
            if let failure = error as? OperationError { throw CommandError("\(failure); \(soFar)") }
            throw CommandError("\(error); \(soFar); run this again: it continues where it stopped")
        }
        return reached.withLock { $0 }
    }

    private func report(_ outcome: VisitorAnonymization.Outcome, on name: String) throws {
        if json { return try Output.line(text(outcome)) }
        guard outcome.hasFoundAny else {
            try Output.line("nothing names \(name)")
            return
        }
        try Output.line(
            "nothing names \(name) any more: \(outcome.bookings.count) bookings are \(outcome.pseudonym)'s now, "
                + "\(outcome.events) events and \(outcome.deadLetters) dead letters are removed")
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

    private func text(_ outcome: VisitorAnonymization.Outcome) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("found", outcome.hasFoundAny)
            if outcome.hasFoundAny { writer.member("pseudonym", outcome.pseudonym) }
            writer.member("bookings", outcome.bookings.count)
            writer.member("events", outcome.events)
            writer.member("deadLetters", outcome.deadLetters)
            writer.array("valid", outcome.valid.map(\.text).sorted()) { $0.value($1) }
        }
        return writer.text
    }
}
