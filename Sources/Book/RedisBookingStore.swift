import Messaging
import Contracts
import Redis
import Scripts

/// Bookings in Redis hashes.
struct RedisBookingStore: BookingStore {
    let client: any RedisSender

    func record(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> RecordOutcome {
        enum Word: String { case recorded = "RECORDED", exists = "EXISTS", mismatch = "MISMATCH", aborted = "ABORTED" }
        let keys = Keys(partition: id.partition)
        let answer: (word: Word, rest: ArraySlice<Reply>) = try await client.call(
            Scripts.bookRecord,
            keys: [
                keys.booking(id.text), keys.bookings(of: id.exhibition.text), keys.exhibitionsWithBookings,
                keys.events(of: "book"), keys.purgedExhibitions(of: "book"),
            ],
            arguments: Self.arguments(request, id, metadata))
        switch answer.word {
        case .recorded:
            return .recorded(
                Booking(
                    id: id, visitor: request.visitor, seats: request.seats, status: .requested, version: 1,
                    createdAt: metadata.moment, updatedAt: metadata.moment))
        case .exists: return .exists(try Booking(id: id, written: answer.rest.first))
        case .mismatch: return .mismatch
        case .aborted: return .aborted
        }
    }

    func abort(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> AbortOutcome {
        enum Word: String { case aborted = "ABORTED", exists = "EXISTS" }
        let keys = Keys(partition: id.partition)
        let answer: (word: Word, rest: ArraySlice<Reply>) = try await client.call(
            Scripts.bookAbort, keys: [keys.booking(id.text), keys.events(of: "book"), keys.purgedExhibitions(of: "book")],
            arguments: Self.arguments(request, id, metadata))
        return answer.word == .aborted ? .aborted : .exists(try Booking(id: id, written: answer.rest.first))
    }

    private static func arguments(_ request: BookingRequest, _ id: BookingID, _ metadata: RequestMetadata) -> [String] {
        [
            String(metadata.moment), metadata.requestId ?? "", id.text, request.exhibition.text, request.visitor,
            String(request.seats),
        ]
    }

    func apply(_ transitions: [Transition]) async throws(Failure) -> [TransitionOutcome] {
        enum Word: String { case absent = "ABSENT", skipped = "SKIPPED", applied = "APPLIED" }
        let commands = transitions.map { transition in
            let keys = Keys(partition: transition.booking.partition)
            return Command(
                Scripts.bookTransition, keys: [keys.booking(transition.booking.text), keys.events(of: "book")],
                arguments: [
                    String(transition.metadata.moment), transition.metadata.requestId ?? "", transition.booking.text,
                    transition.kind.event.rawValue, transition.kind.to.rawValue,
                ] + transition.kind.from.map(\.rawValue))
        }
        var outcomes: [TransitionOutcome] = []
        for (transition, result) in zip(transitions, await client.send(commands)) {
            let answer: (word: Word, rest: ArraySlice<Reply>) = try RedisClient.outcome(of: Scripts.bookTransition, result)
            switch answer.word {
            case .absent: outcomes.append(.absent)
            case .skipped: outcomes.append(.skipped(try Booking(id: transition.booking, written: answer.rest.first)))
            case .applied: outcomes.append(.applied(try Booking(id: transition.booking, written: answer.rest.first)))
            }
        }
        return outcomes
    }

    func find(_ id: BookingID) async throws(Failure) -> Booking? {
        try await find([id])[0]
    }

    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [BookingStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Booking> {
        let ids = try await IndexReader(client).page(
            request, of: exhibition.map { ($0.partition, $0.text) }, partitions: partitions,
            owners: { Keys(partition: $0).exhibitionsWithBookings }, elements: { Keys(partition: $0).bookings(of: $1) })
        let found = try await find(ids.elements.compactMap(BookingID.init)).compactMap { $0 }
        return Page(elements: found.filter { statuses?.contains($0.status) ?? true }, next: ids.next)
    }

    /// One for each id, in order.
    func find(_ ids: [BookingID]) async throws(Failure) -> [Booking?] {
        let results = await client.send(ids.map { Command("HGETALL", Keys(partition: $0.partition).booking($0.text)) })
        do throws(RedisError) {
            var bookings: [Booking?] = []
            for (id, result) in zip(ids, results) {
                let reply = try result.get()
                bookings.append(try reply.asArray().isEmpty ? nil : Booking(id: id, reply: reply))
            }
            return bookings
        } catch {
            throw Failure(reading: error)
        }
    }
}

extension Booking {
    fileprivate init(id: BookingID, written reply: Reply?) throws(Failure) {
        do throws(RedisError) {
            try self.init(id: id, reply: reply ?? .null)
        } catch {
            throw Failure(writing: error)
        }
    }

    fileprivate init(id: BookingID, reply: Reply) throws(RedisError) {
        let fields = try reply.asFields()
        guard let visitor = fields["visitor"], let seats = fields["seats"].flatMap({ Int($0) }),
            let status = fields["status"].flatMap({ BookingStatus(rawValue: $0) }),
            let version = fields["version"].flatMap({ Int($0) }),
            let createdAt = fields["createdAt"].flatMap({ UnixMilliseconds($0) }),
            let updatedAt = fields["updatedAt"].flatMap({ UnixMilliseconds($0) })
        else { throw .unexpected("booking \(id.text) is incomplete") }
        self.init(
            id: id, visitor: visitor, seats: seats, status: status, version: version, createdAt: createdAt,
            updatedAt: updatedAt)
    }
}
