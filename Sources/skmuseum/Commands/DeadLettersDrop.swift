import ArgumentParser
import Operations

struct DeadLettersDrop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Deletes dead letters for good, each with its event.",
        discussion: """
            With --json, each object's "outcome" is "dropped" or "gone": it was retried or dropped by somebody else meanwhile.

            Examples:
              skmuseum dead-letters drop confirm:a:1764000000000-0
              skmuseum dead-letters drop --all --json
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var selection: DeadLetterSelection

    func run() async throws {
        try await common.withSession { session in
            try await session.dropDeadLetters(selection.id) { letters, letter, isDropped in
                if selection.json {
                    return try Output.lineIfRead(letter.json(in: letters, outcome: isDropped ? "dropped" : "gone"))
                }
                let end = isDropped ? "dropped" : "not dropped: it was retried or dropped by somebody else meanwhile"
                try Output.lineIfRead("\(letters.name(of: letter))  \(letter.what)  \(end)")
            }
        }
    }
}
