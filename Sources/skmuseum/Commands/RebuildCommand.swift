import ArgumentParser
import Chassis
import Contracts
import Redis

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract:
            "Builds MyPage's read model anew beside the live one, compares the two, and makes the live one as the new one is."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "mypage.")
    var room: String

    @Flag(help: "Only build and compare.")
    var dryRun = false

    func validate() throws {
        if room != Room.mypage.rawValue { throw ValidationError("'\(room)' has no read model; take mypage") }
    }

    func run() async throws {
        try await Complaint.reporting {
            let keyspace = try await Keyspace.open(try common.settings())
            var different = 0
            for partition in keyspace.partitions {
                do {
                    different += try await rebuild(partition, keyspace)
                } catch let failure as OutputFailure {
                    // What was built beside is of no use any more.
                    try await RebuiltPages(keyspace, partition: partition).clear()
                    throw failure
                }
            }
            guard different > 0 else { return }
            throw Complaint(
                dryRun
                    ? "the live pages differ from what the rooms tell; run 'rebuild mypage' without --dry-run to mend them"
                    : "the live pages still differ; see that every role runs one version, then rebuild again")
        }
    }

    /// - Returns: how many things differ in the end.
    private func rebuild(_ partition: String, _ keyspace: Keyspace) async throws -> Int {
        var line = ProgressLine()
        let show = { (text: String) in line.show("\(partition): \(text)") }
        var pages = RebuiltPages(keyspace, partition: partition)
        try await pages.clear()
        try await pages.fill(show)
        var comparison = PageComparison(pages, switching: false)
        pages = try await comparison.run(show)
        line.clear()
        try Output.lineIfRead(
            "\(partition): rebuilt from \(pages.events) events and \(pages.records) bookings"
                + (pages.unreadable > 0 ? "; \(pages.unreadable) could not be read, see 'dead-letters' and 'audit'" : ""))
        try report(comparison.result, partition)
        if comparison.result.different > 0, !dryRun {
            var mending = PageComparison(pages, switching: true)
            pages = try await mending.run(show)
            comparison = PageComparison(pages, switching: false)
            pages = try await comparison.run(show)
            line.clear()
            try Output.lineIfRead("\(partition): \(mending.result.switched) switched")
            try report(comparison.result, partition)
        }
        try await pages.clear()
        return comparison.result.different
    }

    private func report(_ result: PageComparison.Result, _ partition: String) throws {
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
