import Operations
import ArgumentParser
import Messaging
import Contracts
import Redis
import Scripts

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Shows one booking or exhibition: its events in order, its state in each service, deliveries still pending.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "A booking's id (a1-7q2k9fx03mzr) or an exhibition's (a1).")
    var id: String

    func validate() throws {
        guard BookingID(id) != nil || ExhibitionID(id) != nil else {
            throw ValidationError("'\(id)' is neither a booking's id (a1-7q2k9fx03mzr) nor an exhibition's (a1)")
        }
    }

    func run() async throws {
        try await CommandError.reporting {
            let session = try await OperatorSession.open(try common.settings())
            let booking = BookingID(id)
            let partition = booking?.partition ?? ExhibitionID(id)!.partition
            let isFound = try await printEvents(session, partition: partition, isBooking: booking != nil)
            let hasState = try await printStates(session, partition: partition, booking: booking)
            guard isFound || hasState else {
                throw CommandError("nothing is known of \(id); GET /museums and /books list what is")
            }
        }
    }

    /// The events about it, each with the groups that have yet to apply it.
    private func printEvents(_ session: OperatorSession, partition: String, isBooking: Bool) async throws -> Bool {
        var log = EventLog(session, partitions: [partition])
        var isFound = false
        while let entry = try await log.next() {
            // An exhibition's own events; those of its bookings are their own story.
            let isAbout = isBooking ? entry.value("bookId") == id : entry.value("museumId") == id && entry.value("bookId") == nil
            guard isAbout else { continue }
            isFound = true
            let moment = entry.value("timestamp").flatMap { UnixMilliseconds($0) }.map(Timestamp.text) ?? "?"
            let details = entry.fields.filter { !["eventType", "timestamp", "bookId", "museumId"].contains($0.name) }
                .map { "\($0.name)=\($0.value)" }.joined(separator: " ")
            try Output.line(
                "\(moment)  \(entry.service.rawValue)  \(entry.value("eventType") ?? "?")  \(entry.id.text)  \(details)")
            for subscription in Subscription.all(in: [partition]) where subscription.source == entry.service {
                if let note = try await pending(entry, subscription, session) { try Output.line("    \(note)") }
            }
        }
        return isFound
    }

    private func pending(_ entry: EventLog.Entry, _ subscription: Subscription, _ session: OperatorSession) async throws
        -> String?
    {
        let group = subscription.group.rawValue
        if try await session.progress(of: subscription) >= entry.id { return nil }
        do throws(RedisError) {
            let reply = try await session.redis.send(
                "XPENDING", subscription.stream, group, entry.id.text, entry.id.text, "1"
            ).asArray()
            guard let parts = try reply.first?.asArray(), parts.count == 4 else { return nil }
            return "pending for \(group): with \(parts[1].shown) for \(parts[2].shown) ms, delivered \(parts[3].shown) times"
        } catch {
            guard case .noGroup = error else { throw error }
            return "pending for \(group): it has no consumer group yet"
        }
    }

    private func printStates(_ session: OperatorSession, partition: String, booking: BookingID?) async throws -> Bool {
        let keys = Keys(partition: partition)
        var places: [(ServiceName, String)] = [(.museum, keys.exhibition(id)), (.mypage, keys.pageExhibition(id))]
        var hasState = false
        if let booking {
            places = [(.book, keys.booking(id)), (.confirm, keys.admission(id)), (.mypage, keys.page(id))]
            let seats = keys.seats(booking.exhibition.text)
            if let held = try await session.redis.send("HGET", seats, id).asOptionalText() {
                try Output.line("\(seats)  \(id)=\(held)")
                hasState = true
            }
        }
        for (service, key) in places {
            let fields = try await session.store(of: service).send("HGETALL", key).asPairs()
            guard !fields.isEmpty else { continue }
            hasState = true
            try Output.line("\(key)  " + fields.map { "\($0.name.shown)=\($0.value.shown)" }.joined(separator: " "))
        }
        return hasState
    }
}
