package import Contracts
package import Messaging

extension OperatorSession {
    /// Each event that has dead letters, once: it has two if its process died between writing the first and acknowledging.
    package func listDeadLetters(_ body: (DeadLetters, DeadLetter) throws -> Void) async throws {
        for letters in deadLetters {
            var seen: Set<String> = []
            try await letters.each { if seen.insert($0.eventName).inserted { try body(letters, $0) } }
        }
    }

    /// Deletes one dead letter with its duplicates, or all that are there now.
    /// - Parameter report: takes whether it was still there: a role that starts, or a retry, may have applied the event meanwhile.
    package func dropDeadLetters(
        _ name: String?, _ report: (DeadLetters, DeadLetter, _ isDropped: Bool) throws -> Void
    ) async throws {
        if let name {
            let (letters, letter) = try await deadLetter(name)
            try report(letters, letter, try await letters.remove(try await letters.duplicates(of: letter)) > 0)
            return
        }
        for letters in deadLetters {
            try await letters.each { try report(letters, $0, try await letters.remove([$0.id]) > 0) }
        }
    }

    /// Hands one dead letter's event, or those of all that are there now, to their services again.
    /// - Parameters:
    ///   - handler: makes a service's event handler.
    ///   - report: takes what came of each event.
    /// - Returns: how many could not be applied.
    package func retryDeadLetters(
        _ name: String?, handler: (ServiceName) -> any EventHandler,
        _ report: @escaping (DeadLetters, DeadLetter, DeadLetters.Outcome) throws -> Void
    ) async throws -> Int {
        if let name {
            let (letters, letter) = try await deadLetter(name)
            var retrier = DeadLetterRetrier(letters, handler: handler(letters.group), report: report)
            try await retrier.take(letter)
            if retrier.left == 0 { try await letters.remove(try await letters.duplicates(of: letter)) }
            return retrier.left
        }
        var left = 0
        for letters in deadLetters where try await letters.last() > .zero {
            var retrier = DeadLetterRetrier(letters, handler: handler(letters.group), report: report)
            try await letters.each { try await retrier.take($0) }
            left += retrier.left
        }
        return left
    }
}

extension DeadLetters {
    /// Those that are there now, oldest first, a few at a time.
    fileprivate func each(_ body: (DeadLetter) async throws -> Void) async throws {
        let end = try await last()
        var page = try await page(after: .zero, through: end)
        while let last = page.last {
            for letter in page { try await body(letter) }
            page = try await self.page(after: last.id, through: end)
        }
    }
}

/// Hands one group's dead letters to its service.
private struct DeadLetterRetrier {
    private let letters: DeadLetters
    private let handler: any EventHandler
    private let report: (DeadLetters, DeadLetter, DeadLetters.Outcome) throws -> Void
    private let start = ContinuousClock.now
    /// Whether it was applied, by event: of several letters of one event only the first is handed over.
    private var isApplied: [String: Bool] = [:]
    private(set) var left = 0

    /// How long to wait, over all letters, for what isn't there yet. Book aborts a booking that nobody recorded after two
    /// seconds.
    private static let retryLimit = Duration.seconds(3)

    init(
        _ letters: DeadLetters, handler: any EventHandler,
        report: @escaping (DeadLetters, DeadLetter, DeadLetters.Outcome) throws -> Void
    ) {
        self.letters = letters
        self.handler = handler
        self.report = report
    }

    mutating func take(_ letter: DeadLetter) async throws {
        if let isApplied = isApplied[letter.eventName] {
            if isApplied { try await letters.remove([letter.id]) }
            return
        }
        let outcome = try await outcome(of: letter)
        isApplied[letter.eventName] = outcome == .applied
        if outcome != .applied { left += 1 }
        try report(letters, letter, outcome)
    }

    private func outcome(of letter: DeadLetter) async throws -> DeadLetters.Outcome {
        while true {
            let age = ContinuousClock.now - start
            let outcome = try await letters.retry(letter, age: age, with: handler)
            guard case .retryLater = outcome, age < Self.retryLimit else { return outcome }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
