import Operations
import Platform
import ArgumentParser
import Messaging
import Contracts
import Redis

struct DeadLettersRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Hands dead letters' events to their services once more; what is applied is gone from the list.",
        discussion: "Does no harm: an event that has been applied is skipped, also long after.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var choice: DeadLetterSelection
    @OptionGroup var maintenance: MaintenanceOptions

    func run() async throws {
        try await CommandError.reporting {
            let session = try await OperatorSession.open(try common.settings())
            let left = try await session.exclusively("dead-letters retry", maintenance) { try await retry(session) }
            if left > 0 {
                throw CommandError(
                    "\(left) dead letters could not be applied and are still there; mend what is said, or drop them")
            }
        }
    }

    /// - Returns: how many could not be applied.
    private func retry(_ session: OperatorSession) async throws -> Int {
        if let id = choice.id {
            let (letters, letter) = try await session.deadLetter(id)
            var retrial = DeadLetterRetrier(letters, session: session)
            try await retrial.take(letter)
            if retrial.left == 0 { try await letters.remove(try await letters.duplicates(of: letter)) }
            return retrial.left
        }
        var left = 0
        for letters in session.deadLetters {
            let end = try await letters.last()
            if end == .zero { continue }
            var retrial = DeadLetterRetrier(letters, session: session)
            var page = try await letters.page(after: .zero, through: end)
            while let last = page.last {
                for letter in page { try await retrial.take(letter) }
                page = try await letters.page(after: last.id, through: end)
            }
            left += retrial.left
        }
        return left
    }
}

/// One group's dead letters on their second way.
private struct DeadLetterRetrier {
    private let letters: DeadLetters
    private let handler: any EventHandler
    private let start = ContinuousClock.now
    /// Whether it was applied, by event: of several letters of one event only the first is handed over.
    private var isApplied: [String: Bool] = [:]
    private(set) var left = 0

    /// How long to wait, over all letters, for what isn't there yet. Book aborts a booking that nobody recorded after two
    /// seconds.
    private static let patience = Duration.seconds(3)

    init(_ letters: DeadLetters, session: OperatorSession) {
        self.letters = letters
        handler = letters.group.eventHandler(on: session.store(of: letters.group), now: WallClock.now)
    }

    mutating func take(_ letter: DeadLetter) async throws {
        if let isApplied = isApplied[letter.eventName] {
            if isApplied { try await letters.remove([letter.id]) }
            return
        }
        let outcome = try await outcome(of: letter)
        isApplied[letter.eventName] = outcome == .applied
        let name = "\(letters.name(of: letter))  \(letter.what)"
        switch outcome {
        case .applied: try Output.lineIfRead("\(name)  applied")
        case .retryLater(let reason), .left(let reason):
            try Output.lineIfRead("\(name)  left: \(reason.asWord)")
            left += 1
        }
    }

    private func outcome(of letter: DeadLetter) async throws -> DeadLetters.Outcome {
        while true {
            let age = ContinuousClock.now - start
            let outcome = try await letters.retry(letter, age: age, with: handler)
            guard case .retryLater = outcome, age < Self.patience else { return outcome }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
