import Contracts
package import Messaging
import Redis

extension OperatorSession {
    /// Every group's dead letters in every partition.
    var deadLetters: [DeadLetters] {
        partitions.flatMap { partition in
            ServiceName.allCases.map { DeadLetters(of: $0, in: partition, store: store(of: $0)) }
        }
    }

    /// Finds a dead letter by the name that lists show: `group:partition:id`.
    package func deadLetter(_ name: String) async throws -> (DeadLetters, DeadLetter) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, let group = ServiceName(rawValue: parts[0]), partitions.contains(parts[1]),
            let id = StreamID(parts[2])
        {
            let letters = DeadLetters(of: group, in: parts[1], store: store(of: group))
            if let letter = try await letters.find(id) { return (letters, letter) }
        }
        throw OperationError("there is no dead letter \(name); 'dead-letters list' names them")
    }
}

extension DeadLetters {
    package func name(of letter: DeadLetter) -> String { "\(group.rawValue):\(partition):\(letter.id.text)" }
}

extension DeadLetter {
    /// In a line: the type, and the place of the event.
    package var what: String { words.joined(separator: "  ") }

    /// The same as two cells of a table.
    package var words: [String] { [(type?.shown ?? "?").asWord, "event \(eventName.asWord)"] }
}
