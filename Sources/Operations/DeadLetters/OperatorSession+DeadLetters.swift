package import Contracts
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
        if let found = try await findDeadLetter(name) { return found }
        throw OperationError("there is no dead letter \(name); 'dead-letters list' names them")
    }

    /// The same; `nil` if there is none.
    package func findDeadLetter(_ name: String) async throws -> (DeadLetters, DeadLetter)? {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, let group = ServiceName(rawValue: parts[0]), partitions.contains(parts[1]),
            let id = StreamID(parts[2])
        {
            let letters = DeadLetters(of: group, in: parts[1], store: store(of: group))
            if let letter = try await letters.find(id) { return (letters, letter) }
        }
        return nil
    }

    /// A page of dead letters, group by group, oldest first.
    /// - Parameter groups: whose; `nil` for all.
    package func deadLetters(
        _ request: PageRequest, of groups: [ServiceName]?
    ) async throws -> (elements: [(DeadLetters, DeadLetter)], next: [String]?) {
        let lists = deadLetters.filter { groups?.contains($0.group) ?? true }
        var start = 0
        var after = StreamID.zero
        if let position = request.position {
            guard position.count == 3, let id = StreamID(position[2]),
                let found = lists.firstIndex(where: { $0.group.rawValue == position[0] && $0.partition == position[1] })
            else { throw Failure.invalidCursor }
            (start, after) = (found, id)
        }
        var elements: [(DeadLetters, DeadLetter)] = []
        for letters in lists[start...] {
            let end = try await letters.last()
            while elements.count < request.size {
                let page = try await letters.page(after: after, through: end)
                guard let last = page.prefix(request.size - elements.count).last else { break }
                elements += page.prefix(request.size - elements.count).map { (letters, $0) }
                after = last.id
            }
            if elements.count == request.size { break }
            after = .zero
        }
        guard elements.count == request.size, let last = elements.last else { return (elements, nil) }
        return (elements, [last.0.group.rawValue, last.0.partition, last.1.id.text])
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
