import ArgumentParser
import Contracts
import Messaging
import Operations

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Shows one booking or exhibition: its events in order, its state in each service, deliveries still pending.",
        discussion: """
            With --json, one object: "events" (as 'skmuseum events' prints them, each with its "pending" deliveries) and "states"
            (the fields of each key, as Redis has them).

            Examples:
              skmuseum trace a1-7q2k9fx03mzr
              skmuseum trace a1 --json
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "A booking's id (a1-7q2k9fx03mzr) or an exhibition's (a1).")
    var id: String

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func validate() throws {
        guard Trace.Subject(id) != nil else {
            throw ValidationError("'\(id)' is neither a booking's id (a1-7q2k9fx03mzr) nor an exhibition's (a1)")
        }
    }

    func run() async throws {
        try await common.withSession { session in
            guard let subject = Trace.Subject(id) else { return }
            let trace = try await Trace(subject, session)
            if trace.isEmpty { throw CommandError("nothing is known of \(id); GET /museums and /books list what is") }
            if json { return try Output.line(trace.json) }
            try report(trace)
        }
    }

    private func report(_ trace: Trace) throws {
        let events = TextTable.lines(trace.steps.map { row($0.entry) })
        for (line, step) in zip(events, trace.steps) {
            try Output.line(line)
            for delivery in step.pending { try Output.line("    " + text(delivery)) }
        }
        let states = trace.states.map { [$0.key, ReadableFields.line($0.fields)] }
        for line in TextTable.lines(states) { try Output.line(line) }
    }

    private func row(_ entry: EventLog.Entry) -> [String] {
        let moment = entry.value("timestamp").map { ReadableFields.value($0, of: "timestamp") } ?? "?"
        let type = entry.value("eventType")?.asWord ?? "?"
        let details = entry.fields.filter { !["eventType", "timestamp", "bookId", "museumId"].contains($0.name) }
        return [moment, entry.service.rawValue, type, entry.id.text, ReadableFields.line(details)]
    }

    private func text(_ delivery: Trace.PendingDelivery) -> String {
        guard let consumer = delivery.consumer else {
            return "pending for \(delivery.group.rawValue): it has no consumer group yet"
        }
        return "pending for \(delivery.group.rawValue): delivered \(consumer.deliveries) times, last to \(consumer.name), "
            + "\(consumer.milliseconds) ms ago"
    }
}
