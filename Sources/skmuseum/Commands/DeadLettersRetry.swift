import ArgumentParser
import Messaging
import Operations
import Platform

struct DeadLettersRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Applies dead letters' events again; those that are applied are removed from the list.",
        discussion: """
            Does no harm: an event that has been applied is skipped, also long after. With --json, each object's "outcome" is
            "applied" or "left", with the reason in "why".

            Examples:
              skmuseum dead-letters retry confirm:a:1764000000000-0
              skmuseum dead-letters retry --all
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var selection: DeadLetterSelection
    @OptionGroup var maintenance: MaintenanceOptions

    func run() async throws {
        try await common.withSession { session in
            let left = try await session.exclusively("dead-letters retry", maintenance) { try await retry(session) }
            if left > 0 {
                throw CommandError(
                    "\(left) dead letters could not be applied and are still there; fix the reasons shown, or drop them")
            }
        }
    }

    /// - Returns: how many could not be applied.
    private func retry(_ session: OperatorSession) async throws -> Int {
        try await session.retryDeadLetters(
            selection.id, handler: { $0.eventHandler(on: session.store(of: $0), now: WallClock.now) }
        ) { letters, letter, outcome in
            let why: String? =
                switch outcome {
                case .applied: nil
                case .retryLater(let reason), .left(let reason): reason
                }
            if selection.json {
                return try Output.lineIfRead(letter.json(in: letters, outcome: why == nil ? "applied" : "left", why: why))
            }
            let end = why.map { "left: \($0.asWord)" } ?? "applied"
            try Output.lineIfRead("\(letters.name(of: letter))  \(letter.what)  \(end)")
        }
    }
}
