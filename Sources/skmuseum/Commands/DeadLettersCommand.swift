import ArgumentParser
import Chassis
import Contracts
import Redis
import Scripts

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "Shows events that could not be applied.", subcommands: [List.self, Show.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One line a dead letter.")

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await Complaint.reporting {
                let letters = try await DeadLetter.all(try await Keyspace.open(try common.settings()))
                for letter in letters {
                    Output.line(
                        "\(letter.name)  \(letter.value("eventType") ?? "?")  event \(letter.value("room") ?? "?"):\(letter.value("eventId") ?? "?")  \(letter.value("reason") ?? "?")"
                    )
                }
                Output.note(
                    letters.isEmpty ? "no dead letters" : "\(letters.count) dead letters; 'dead-letters show ID' shows one")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One dead letter with all its fields, as JSON.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "The dead letter's name, as list prints it: group:partition:id.")
        var name: String

        func run() async throws {
            try await Complaint.reporting {
                let letters = try await DeadLetter.all(try await Keyspace.open(try common.settings()))
                guard let letter = letters.first(where: { $0.name == name }) else {
                    throw Complaint("there is no dead letter \(name); 'dead-letters list' names them")
                }
                Output.line(letter.json)
            }
        }
    }
}

/// An event that could not be applied, with why.
struct DeadLetter {
    let group: Room
    let partition: String
    let id: String
    let fields: [(name: String, value: String)]

    var name: String { "\(group.rawValue):\(partition):\(id)" }

    func value(_ field: String) -> String? { fields.first { $0.name == field }?.value }

    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("deadLetter", name)
            for field in fields { writer.member(named: field.name, field.value) }
        }
        return writer.text
    }

    static func all(_ keyspace: Keyspace) async throws(RedisError) -> [DeadLetter] {
        var letters: [DeadLetter] = []
        for partition in keyspace.partitions {
            for group in Room.allCases {
                let key = Keys(partition: partition).deadLetters(of: group.rawValue)
                for entry in try await keyspace.store(of: group).send("XRANGE", key, "-", "+").asArray() {
                    let parts = try entry.asArray()
                    guard parts.count == 2 else { throw .unexpected("an entry was due") }
                    let fields = try parts[1].asPairs().map { ($0.name.shown, $0.value.shown) }
                    letters.append(DeadLetter(group: group, partition: partition, id: try parts[0].asText(), fields: fields))
                }
            }
        }
        return letters
    }
}
