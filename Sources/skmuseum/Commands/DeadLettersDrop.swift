import Operations
import ArgumentParser
import Messaging
import Contracts

struct DeadLettersDrop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Deletes dead letters for good, each with its event.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var choice: DeadLetterSelection

    func run() async throws {
        try await CommandError.reporting {
            let session = try await OperatorSession.open(try common.settings())
            if let id = choice.id {
                let (letters, letter) = try await session.deadLetter(id)
                let removed = try await letters.remove(try await letters.duplicates(of: letter))
                try report(letter, of: letters, isDropped: removed > 0)
                return
            }
            for letters in session.deadLetters {
                let end = try await letters.last()
                var page = try await letters.page(after: .zero, through: end)
                while let last = page.last {
                    for letter in page { try report(letter, of: letters, isDropped: try await letters.remove([letter.id]) > 0) }
                    page = try await letters.page(after: last.id, through: end)
                }
            }
        }
    }

    /// A role that starts, or a retry, may have applied the event between listing and dropping.
    private func report(_ letter: DeadLetter, of letters: DeadLetters, isDropped: Bool) throws {
        let end = isDropped ? "dropped" : "not dropped: it was retried or dropped by somebody else meanwhile"
        try Output.lineIfRead("\(letters.name(of: letter))  \(letter.what)  \(end)")
    }
}
