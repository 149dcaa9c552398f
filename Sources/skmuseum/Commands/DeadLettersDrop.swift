import ArgumentParser
import Chassis
import Contracts

struct DeadLettersDrop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Deletes dead letters for good, each with its event.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var choice: LetterChoice

    func run() async throws {
        try await Complaint.reporting {
            let keyspace = try await Keyspace.open(try common.settings())
            if let id = choice.id {
                let (letters, letter) = try await keyspace.deadLetter(id)
                try await letters.remove(try await letters.twins(of: letter))
                try Output.lineIfRead("\(letters.name(of: letter))  \(letter.what)  dropped")
                return
            }
            for letters in keyspace.deadLetters {
                let end = try await letters.last()
                var page = try await letters.page(after: .zero, through: end)
                while let last = page.last {
                    try await letters.remove(page.map(\.id))
                    for letter in page { try Output.lineIfRead("\(letters.name(of: letter))  \(letter.what)  dropped") }
                    page = try await letters.page(after: last.id, through: end)
                }
            }
        }
    }
}
