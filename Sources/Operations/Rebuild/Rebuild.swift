/// Builds one partition's read model anew beside the live one, compares the two, and makes the live one as the new one is.
package struct Rebuild {
    /// What has been done so far.
    package struct Outcome {
        package var events = 0
        package var records = 0
        /// What could not be read as an event.
        package var unreadable = 0
        /// How many differed at first.
        package var found = 0
        package var repaired = 0
        package var comparison = RowComparison.Result()
    }

    package enum Step {
        case built, compared, repaired(Int)
    }

    /// How often what has changed between judging and repairing is compared anew.
    private static let rounds = 3

    private let session: OperatorSession
    private let partition: String
    private let isDryRun: Bool

    package init(_ partition: String, isDryRun: Bool, _ session: OperatorSession) {
        self.partition = partition
        self.isDryRun = isDryRun
        self.session = session
    }

    /// - Parameter report: takes the outcome after each step; where it throws, what was built is removed first.
    package func run(
        _ show: (OperationProgress) -> Void, report: (Step, Outcome) throws -> Void
    ) async throws -> Outcome {
        var outcome = Outcome()
        func finish(_ step: Step) async throws {
            do {
                try report(step, outcome)
            } catch {
                try await ReadModelRebuild(session, partition: partition).clear()
                throw error
            }
        }
        var pages = ReadModelRebuild(session, partition: partition)
        try await pages.clear()
        try await pages.fill(show)
        var comparison = RowComparison(pages)
        pages = try await comparison.run(show)
        (outcome.events, outcome.records, outcome.unreadable) = (pages.events, pages.records, pages.unreadable)
        outcome.comparison = comparison.result
        outcome.found = comparison.result.different
        try await finish(.built)
        try await finish(.compared)
        for _ in 0..<Self.rounds where comparison.result.different > 0 && !isDryRun {
            var repaired = 0
            for repair in [RowComparison.Repair.rows, .lists] {
                var repairing = RowComparison(pages, repair: repair)
                pages = try await repairing.run(show)
                repaired += repairing.result.repaired
            }
            comparison = RowComparison(pages)
            pages = try await comparison.run(show)
            outcome.repaired += repaired
            outcome.comparison = comparison.result
            try await finish(.repaired(repaired))
            try await finish(.compared)
        }
        try await pages.clear()
        return outcome
    }
}
