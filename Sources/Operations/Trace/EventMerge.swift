/// Queues of events, each in the order of its ids, read as one: the lowest id first; of equal ids the one of the first queue.
package struct EventMerge {
    private var queues: [ArraySlice<EventLog.Entry>]

    package init(queues count: Int) { queues = Array(repeating: [], count: count) }

    package func isEmpty(_ queue: Int) -> Bool { queues[queue].isEmpty }

    package mutating func append(_ entries: [EventLog.Entry], to queue: Int) { queues[queue] += entries }

    /// The earliest event. In order only if every queue whose stream has more is filled.
    package mutating func popFirst() -> EventLog.Entry? {
        var earliest: (queue: Int, entry: EventLog.Entry)?
        for (queue, entries) in queues.enumerated() {
            guard let entry = entries.first, earliest.map({ entry.id < $0.entry.id }) ?? true else { continue }
            earliest = (queue, entry)
        }
        return earliest.flatMap { queues[$0.queue].popFirst() }
    }
}
