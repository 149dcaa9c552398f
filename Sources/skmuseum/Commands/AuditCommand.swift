import ArgumentParser
import Contracts
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
        let sorted = outcome.violations.sorted { ($0.key, $0.what) < ($1.key, $1.what) }
        let late = outcome.behind.map {
            "\($0.subscription.group.rawValue) is \($0.behind) events behind on \($0.subscription.stream)"
        }
        guard json else {
            for line in TextTable.lines(sorted.map { [$0.key, $0.what] }) { try Output.lineIfRead(line) }
            for line in late { try Output.lineIfRead(line) }
            if sorted.isEmpty, late.isEmpty, outcome.unsettled.isEmpty {
                try Output.lineIfRead("all invariants hold: \(counts.exhibitions) exhibitions, \(counts.bookings) bookings")
            }
            return
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("ok", sorted.isEmpty && late.isEmpty && outcome.unsettled.isEmpty)
            writer.member("settled", late.isEmpty)
            writer.member("exhibitions", counts.exhibitions)
            writer.member("bookings", counts.bookings)
            writer.objects("violations", sorted) { writer, violation in
                writer.member("key", violation.key)
                writer.member("what", violation.what)
            }
            writer.array("behind", late) { $0.value($1) }
        }
        try Output.lineIfRead(writer.text)
    }
}
