package import Contracts
import HTTPServer
import Messaging
import Redis
import Scripts

/// One booking or exhibition: its events in order, the deliveries that are still pending, and its state in each service.
package struct Trace {
    package enum Subject {
        case booking(BookingID)
        case exhibition(ExhibitionID)

        package init?(_ text: String) {
            if let booking = BookingID(text) {
                self = .booking(booking)
            } else if let exhibition = ExhibitionID(text) {
                self = .exhibition(exhibition)
            } else {
                return nil
            }
        }

        package var text: String {
            switch self {
            case .booking(let id): id.text
            case .exhibition(let id): id.text
            }
        }

        var partition: String {
            switch self {
            case .booking(let id): id.partition
            case .exhibition(let id): id.partition
            }
        }

        /// Whether the event is about it. The events of an exhibition's bookings are about the bookings.
        package func isSubject(of entry: EventLog.Entry) -> Bool {
            switch self {
            case .booking(let id): entry.value("bookId") == id.text
            case .exhibition(let id): entry.value("museumId") == id.text && entry.value("bookId") == nil
            }
        }
    }

    package struct Step {
        package let entry: EventLog.Entry
        package let pending: [PendingDelivery]
    }

    /// An event that a group has yet to apply.
    package struct PendingDelivery {
        package let group: ServiceName
        /// Who was given it last; `nil`: the group is missing.
        package let consumer: (name: String, milliseconds: Int, deliveries: Int)?
    }

    /// What one key holds about it, without the details of a booking: they are personal data.
    package struct State {
        package let service: ServiceName
        package let key: String
        package let fields: [(name: String, value: String)]
    }

    package let subject: Subject
    package let steps: [Step]
    package let states: [State]

    package var isEmpty: Bool { steps.isEmpty && states.isEmpty }

    package init(_ subject: Subject, _ session: OperatorSession) async throws {
        self.subject = subject
        steps = try await Self.steps(subject, session)
        states = try await Self.states(subject, session)
    }

    private static func steps(_ subject: Subject, _ session: OperatorSession) async throws -> [Step] {
        var log = EventLog(session, partitions: [subject.partition])
        var steps: [Step] = []
        while let entry = try await log.next() {
            guard subject.isSubject(of: entry) else { continue }
            var pending: [PendingDelivery] = []
            for subscription in Subscription.all(in: [subject.partition]) where subscription.source == entry.service {
                if let delivery = try await delivery(entry, subscription, session) { pending.append(delivery) }
            }
            steps.append(Step(entry: entry, pending: pending))
        }
        return steps
    }

    private static func delivery(
        _ entry: EventLog.Entry, _ subscription: Subscription, _ session: OperatorSession
    ) async throws -> PendingDelivery? {
        if try await session.progress(of: subscription) >= entry.id { return nil }
        do throws(RedisError) {
            let reply = try await session.redis.send(
                "XPENDING", subscription.stream, subscription.group.rawValue, entry.id.text, entry.id.text, "1"
            ).asArray()
            guard let parts = try reply.first?.asArray(), parts.count == 4 else { return nil }
            return PendingDelivery(
                group: subscription.group, consumer: (parts[1].shown, try parts[2].asInteger(), try parts[3].asInteger()))
        } catch {
            guard case .noGroup = error else { throw error }
            return PendingDelivery(group: subscription.group, consumer: nil)
        }
    }

    private static func states(_ subject: Subject, _ session: OperatorSession) async throws -> [State] {
        let (keys, id) = (Keys(partition: subject.partition), subject.text)
        var places: [(ServiceName, String)] = [(.museum, keys.exhibition(id)), (.mypage, keys.pageExhibition(id))]
        var states: [State] = []
        if case .booking(let booking) = subject {
            places = [(.book, keys.booking(id)), (.confirm, keys.admission(id)), (.mypage, keys.page(id))]
            let seats = keys.seats(booking.exhibition.text)
            if let held = try await session.redis.send("HGET", seats, id).asOptionalText() {
                states.append(State(service: .museum, key: seats, fields: [(id, held)]))
            }
        }
        for (service, key) in places {
            let fields = try await session.store(of: service).send("HGETALL", key).asPairs()
                .map { (name: $0.name.shown, value: $0.value.shown) }
                .filter { !BookRecord.detailNames.contains($0.name) || service != .book }
            if !fields.isEmpty { states.append(State(service: service, key: key, fields: fields)) }
        }
        return states
    }
}

extension Trace {
    /// As one JSON object; values as Redis has them.
    package var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", subject.text)
            writer.objects("events", steps) { writer, step in
                step.entry.writeMembers(&writer)
                writer.objects("pending", step.pending) { writer, delivery in
                    writer.member("group", delivery.group.rawValue)
                    guard let consumer = delivery.consumer else { return }
                    writer.member("consumer", consumer.name)
                    writer.members(["milliseconds": consumer.milliseconds, "deliveries": consumer.deliveries])
                }
            }
            writer.objects("states", states) { writer, state in
                writer.member("service", state.service.rawValue)
                writer.member("key", state.key)
                writer.object("fields") { writer in
                    for field in state.fields { writer.member(named: field.name, field.value) }
                }
            }
        }
        return writer.text
    }
}
