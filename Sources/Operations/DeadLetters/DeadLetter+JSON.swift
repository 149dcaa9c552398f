import Contracts
package import HTTPServer
package import Messaging

extension DeadLetter {
    /// Writes members that say what it is, without the event's own fields.
    /// - Parameters:
    ///   - outcome: what was done with it, and why.
    ///   - isResponse: whether numbers are numbers, as in all responses over HTTP. Commands print them as text.
    package func write(
        to writer: inout JSONWriter, in letters: DeadLetters, outcome: String? = nil, why: String? = nil, isResponse: Bool = false
    ) {
        writer.member("deadLetter", letters.name(of: self))
        writer.member("group", letters.group.rawValue)
        writer.member("partition", letters.partition)
        writer.member("service", service)
        writer.member("eventId", eventId)
        writer.member("eventType", type?.shown.asWord)
        writeAttempts(to: &writer, asNumber: isResponse)
        writer.member("reason", reason)
        writer.member("outcome", outcome)
        writer.member("why", why)
    }

    /// Writes it with all its fields.
    package func writeAll(to writer: inout JSONWriter, in letters: DeadLetters, isResponse: Bool = false) {
        writer.member("deadLetter", letters.name(of: self))
        writer.member("eventId", eventId)
        writer.member("service", service)
        writer.member("reason", reason)
        writeAttempts(to: &writer, asNumber: isResponse)
        for field in fields { writer.member(named: field.name.shown, field.value.shown) }
    }

    private func writeAttempts(to writer: inout JSONWriter, asNumber: Bool) {
        if asNumber { writer.member("attempts", Int(attempts) ?? 0) } else { writer.member("attempts", attempts) }
    }
}
