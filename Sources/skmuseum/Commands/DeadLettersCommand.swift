import ArgumentParser
import Contracts
import HTTPServer
import Messaging
import Operations

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "Shows events that could not be applied, tries them again, or drops them.",
        discussion: """
            Without a subcommand it lists them.

            Examples:
              skmuseum dead-letters
              skmuseum dead-letters retry --all
            """,
        subcommands: [List.self, Show.self, DeadLettersRetry.self, DeadLettersDrop.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One line an event.",
            discussion: """
                A line has the dead letter's id, the event's type, the event's place and the reason.

                Examples:
                  skmuseum dead-letters list
                  skmuseum dead-letters list --json
                """)

        @OptionGroup var common: CommonOptions

        @Flag(help: "Print the result as JSON, one object a line for each event.")
        var json = false

        func run() async throws {
            try await common.withSession { session in
                var count = 0
                var table = TextTable()
                try await session.listDeadLetters { letters, letter in
                    count += 1
                    if json { return try Output.line(letter.json(in: letters)) }
                    for line in table.add([letters.name(of: letter)] + letter.words + [letter.reason.asWord]) {
                        try Output.line(line)
                    }
                }
                for line in table.finish() { try Output.line(line) }
                if !json {
                    Output.note(count == 0 ? "no dead letters" : "\(count) dead letters; 'dead-letters show ID' shows one")
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One dead letter with all its fields, as JSON.",
            discussion: """
                Examples:
                  skmuseum dead-letters show confirm:a:1764000000000-0
                  skmuseum dead-letters show mypage:a:1764000000000-0 --json
                """)

        @OptionGroup var common: CommonOptions

        @Argument(help: "The dead letter's id, as list prints it: group:partition:id.")
        var id: String

        @Flag(help: "The default: the result is one JSON object.")
        var json = false

        func run() async throws {
            try await CommandError.reporting {
                let (letters, letter) = try await OperatorSession.open(try common.settings()).deadLetter(id)
                var writer = JSONWriter()
                writer.object { letter.writeAll(to: &$0, in: letters) }
                try Output.line(writer.text)
            }
        }
    }
}

extension DeadLetter {
    /// As one JSON object, without the event's own fields.
    /// - Parameter outcome: what was done with it, and why.
    func json(in letters: DeadLetters, outcome: String? = nil, why: String? = nil) -> String {
        var writer = JSONWriter()
        writer.object { write(to: &$0, in: letters, outcome: outcome, why: why) }
        return writer.text
    }
}
