import Operations
import ArgumentParser
import Contracts
import Redis

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract:
            "Builds MyPage's read model anew beside the live one, compares the two, and makes the live one as the new one is."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var maintenance: MaintenanceOptions

    @Argument(help: "mypage.")
    var service: String

    @Flag(help: "Only build and compare.")
    var dryRun = false

    func validate() throws {
        if service != ServiceName.mypage.rawValue { throw ValidationError("'\(service)' has no read model; take mypage") }
    }

    func run() async throws {
        try await CommandError.reporting {
            let session = try await OperatorSession.open(try common.settings())
            let different = try await session.exclusively("rebuild", maintenance) {
                var different = 0
                for partition in session.partitions {
                    do {
                        different += try await rebuild(partition, session)
                    } catch let failure as OutputFailure {
                        // What was built beside is of no use any more.
                        try await ReadModelRebuild(session, partition: partition).clear()
                        throw failure
                    }
                }
                return different
            }
            guard different > 0 else { return }
            throw CommandError(
                dryRun
                    ? "the live pages differ from what the services tell; run 'rebuild mypage' without --dry-run to mend them"
                    : "the live pages still differ; see that every role runs one version, then rebuild again")
        }
    }

    /// How often what has changed between judging and repairing is compared anew.
    private static let rounds = 3

    /// - Returns: how many things differ in the end.
    private func rebuild(_ partition: String, _ session: OperatorSession) async throws -> Int {
        var line = ProgressLine()
        let show = { (text: String) in line.show("\(partition): \(text)") }
        var pages = ReadModelRebuild(session, partition: partition)
        try await pages.clear()
        try await pages.fill(show)
        var comparison = RowComparison(pages)
        pages = try await comparison.run(show)
        line.clear()
        try Output.lineIfRead(
            "\(partition): rebuilt from \(pages.events) events and \(pages.records) bookings"
                + (pages.unreadable > 0 ? "; \(pages.unreadable) could not be read, see 'dead-letters' and 'audit'" : ""))
        try report(comparison.result, partition)
        for _ in 0..<Self.rounds where comparison.result.different > 0 && !dryRun {
            var repaired = 0
            for repair in [RowComparison.Repair.rows, .lists] {
                var repairing = RowComparison(pages, repair: repair)
                pages = try await repairing.run(show)
                repaired += repairing.result.repaired
            }
            comparison = RowComparison(pages)
            pages = try await comparison.run(show)
            line.clear()
            try Output.lineIfRead("\(partition): \(repaired) repaired")
            try report(comparison.result, partition)
        }
        try await pages.clear()
        return comparison.result.different
    }

    private func report(_ result: RowComparison.Result, _ partition: String) throws {
        let counts = "\(result.rows) rows, \(result.exhibitions) exhibitions, \(result.entries) list entries"
        guard result.different > 0 else {
            try Output.lineIfRead("\(partition): live equals rebuilt, \(result.live): \(counts)")
            return
        }
        let rest = result.different - result.named.count
        try Output.lineIfRead(
            "\(partition): live \(result.live), rebuilt \(result.rebuilt): \(counts), \(result.different) differ: "
                + result.named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : ""))
    }
}
