import ArgumentParser
import Contracts
import HTTPServer
import Operations

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract:
            "Builds MyPage's read model anew beside the live one, compares the two, and makes the live one as the new one is.",
        discussion: """
            With --json, one object a line for each partition: what was read, how many differed ("found"), were "repaired" and
            still differ ("different"), and the names of some of them ("named").

            Examples:
              skmuseum rebuild mypage --dry-run
              skmuseum rebuild mypage
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var maintenance: MaintenanceOptions

    @Argument(help: "mypage.", completion: .list(["mypage"]))
    var service: String

    @Flag(help: "Only build and compare.")
    var dryRun = false

    @Flag(help: "Print the result as JSON, one object a line for each partition.")
    var json = false

    func validate() throws {
        if service != ServiceName.mypage.rawValue { throw ValidationError("'\(service)' has no read model; take mypage") }
    }

    func run() async throws {
        try await common.withSession { session in
            let different = try await session.exclusively("rebuild", maintenance) {
                var different = 0
                for partition in session.partitions { different += try await rebuild(partition, session) }
                return different
            }
            guard different > 0 else { return }
            throw CommandError(
                dryRun
                    ? "the live pages differ from the services' data; run 'rebuild mypage' without --dry-run to repair them"
                    : "the live pages still differ; see that every role runs one version, then rebuild again")
        }
    }

    /// - Returns: how many things differ in the end.
    private func rebuild(_ partition: String, _ session: OperatorSession) async throws -> Int {
        var line = ProgressLine()
        defer { line.clear() }
        let outcome = try await Rebuild(partition, isDryRun: dryRun, session).run({ line.show($0) }) { step, outcome in
            line.clear()
            if !json { try Output.lineIfRead(text(step, outcome, partition)) }
        }
        if json { try Output.lineIfRead(text(outcome, partition)) }
        return outcome.comparison.different
    }

    private func text(_ step: Rebuild.Step, _ outcome: Rebuild.Outcome, _ partition: String) -> String {
        let result = outcome.comparison
        switch step {
        case .built:
            return "\(partition): rebuilt from \(outcome.events) events and \(outcome.records) bookings"
                + (outcome.unreadable > 0 ? "; \(outcome.unreadable) could not be read, see 'dead-letters' and 'audit'" : "")
        case .repaired(let count): return "\(partition): \(count) repaired"
        case .compared:
            let counts = "\(result.rows) rows, \(result.exhibitions) exhibitions, \(result.entries) list entries"
            guard result.different > 0 else { return "\(partition): live equals rebuilt, \(result.live): \(counts)" }
            let rest = result.different - result.named.count
            return "\(partition): live \(result.live), rebuilt \(result.rebuilt): \(counts), \(result.different) differ: "
                + result.named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
        }
    }

    private func text(_ outcome: Rebuild.Outcome, _ partition: String) -> String {
        let result = outcome.comparison
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("partition", partition)
            writer.members([
                "events": outcome.events, "records": outcome.records, "unreadable": outcome.unreadable, "rows": result.rows,
                "exhibitions": result.exhibitions, "entries": result.entries, "found": outcome.found,
                "repaired": outcome.repaired, "different": result.different,
            ])
            writer.array("named", result.named) { $0.value($1) }
            writer.member("live", result.live.description)
            writer.member("rebuilt", result.rebuilt.description)
        }
        return writer.text
    }
}
