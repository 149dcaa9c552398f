import Contracts
package import HTTPServer
package import Messaging

extension DeadLetter {
    /// Writes members that say what it is, without the event's own fields.
    /// - Parameter outcome: what was done with it, and why.
    package func write(
        to writer: inout JSONWriter, in letters: DeadLetters, outcome: String? = nil, why: String? = nil
    ) {
        writer.member("deadLetter", letters.name(of: self))
        writer.member("group", letters.group.rawValue)
        writer.member("partition", letters.partition)
        writer.member("service", service)
        writer.member("eventId", eventId)
        writer.member("eventType", type?.shown.asWord)
        writer.member("attempts", Int(attempts) ?? 0)
        writer.member("reason", reason)
        writer.member("outcome", outcome)
        writer.member("why", why)
    }

    /// Writes it with all its fields.
    package func writeAll(to writer: inout JSONWriter, in letters: DeadLetters) {
        writer.member("deadLetter", letters.name(of: self))
        writer.member("eventId", eventId)
        writer.member("service", service)
        writer.member("reason", reason)
        writer.member("attempts", Int(attempts) ?? 0)
        for field in fields { writer.member(named: field.name.shown, field.value.shown) }
    }
}
