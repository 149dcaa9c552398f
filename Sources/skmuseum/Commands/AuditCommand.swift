import ArgumentParser
import HTTPServer
import Operations
import Platform

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Checks the invariants on live data; exits 0 only if all hold.",
        discussion: """
            Reads only. Prints a line for each key that breaks an invariant.

            Examples:
              skmuseum audit
              skmuseum audit --wait 1m --json
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "How long to wait for consumers to catch up: 500ms, 10s, 2m.")
    var wait = "10s"

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func validate() throws {
        if DurationText.parse(wait) == nil { throw ValidationError("--wait takes a duration, such as 10s") }
    }

    func run() async throws {
        try await common.withSession { session in
            let wait = DurationText.parse(wait) ?? .seconds(10)
            var audit = Audit(session, wait: wait)
            var line = ProgressLine(isForTerminalsOnly: true)
            defer { line.clear() }
            let outcome = try await audit.run { line.show($0) }
            line.clear()
            try report(outcome, counts: audit.counts)
            if !outcome.violations.isEmpty { throw CommandError("audit: \(outcome.violations.count) violations") }
            if !outcome.behind.isEmpty { throw CommandError("audit: not settled within \(self.wait); is every role running?") }
            if !outcome.unsettled.isEmpty {
                throw CommandError("audit: \(outcome.unsettled.count) keys went on changing; run it again with a longer --wait")
            }
        }
    }

    private func report(_ outcome: Audit.Outcome, counts: Audit.Counts) throws {
        guard json else {
            for line in TextTable.lines(outcome.sorted.map { [$0.key, $0.what] }) { try Output.lineIfRead(line) }
            for line in outcome.late { try Output.lineIfRead(line) }
            if outcome.violations.isEmpty, outcome.behind.isEmpty, outcome.unsettled.isEmpty {
                try Output.lineIfRead("all invariants hold: \(counts.exhibitions) exhibitions, \(counts.bookings) bookings")
            }
            return
        }
        var writer = JSONWriter()
        outcome.write(to: &writer, counts: counts)
        try Output.lineIfRead(writer.text)
    }
}
