import Operations
import Messaging
import ArgumentParser
import HTTPServer
import Contracts

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "Shows events that could not be applied, tries them again, or drops them.",
        subcommands: [List.self, Show.self, DeadLettersRetry.self, DeadLettersDrop.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One line an event.")

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await CommandError.reporting {
                let session = try await OperatorSession.open(try common.settings())
                var count = 0
                for letters in session.deadLetters {
                    // An event has two letters if its process died between writing the first and acknowledging.
                    var seen: Set<String> = []
                    let end = try await letters.last()
                    var page = try await letters.page(after: .zero, through: end)
                    while let last = page.last {
                        for letter in page where seen.insert(letter.eventName).inserted {
                            try Output.line("\(letters.name(of: letter))  \(letter.what)  \(letter.reason.asWord)")
                            count += 1
                        }
                        page = try await letters.page(after: last.id, through: end)
                    }
                }
                Output.note(count == 0 ? "no dead letters" : "\(count) dead letters; 'dead-letters show ID' shows one")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One dead letter with all its fields, as JSON.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "The dead letter's id, as list prints it: group:partition:id.")
        var id: String

        func run() async throws {
            try await CommandError.reporting {
                let (letters, letter) = try await OperatorSession.open(try common.settings()).deadLetter(id)
                var writer = JSONWriter()
                writer.object { writer in
                    writer.member("deadLetter", letters.name(of: letter))
                    writer.member("eventId", letter.eventId)
                    writer.member("service", letter.service)
                    writer.member("reason", letter.reason)
                    writer.member("attempts", letter.attempts)
                    for field in letter.fields { writer.member(named: field.name.shown, field.value.shown) }
                }
                try Output.line(writer.text)
            }
        }
    }
}
