import Contracts
import Messaging
import Redis
import Scripts

/// Bookings in Redis hashes.
struct RedisBookingStore: BookingStore {
    let client: any RedisSender

    func record(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> RecordOutcome {
        let call = BookRecord(
            in: Keys(partition: id.partition), now: metadata.moment, requestId: metadata.requestId,
            traceparent: metadata.traceparent, booking: id.text, exhibition: request.exhibition.text,
            visitor: request.visitor, seats: request.seats)
        switch try await client.call(call) {
        case .recorded:
            return .recorded(
                Booking(
                    id: id, visitor: request.visitor, seats: request.seats, status: .requested, version: 1,
                    createdAt: metadata.moment, updatedAt: metadata.moment))
        case .exists(let fields): return .exists(try Booking(id: id, written: fields))
        case .mismatch: return .mismatch
        case .aborted: return .aborted
        }
    }

    func abort(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> AbortOutcome {
        let call = BookAbort(
            in: Keys(partition: id.partition), now: metadata.moment, requestId: metadata.requestId,
            traceparent: metadata.traceparent, booking: id.text, exhibition: request.exhibition.text,
            visitor: request.visitor, seats: request.seats)
        switch try await client.call(call) {
        case .aborted: return .aborted
        case .exists(let fields): return .exists(try Booking(id: id, written: fields))
        }
    }

    func apply(_ transitions: [Transition]) async throws(Failure) -> [TransitionOutcome] {
        let calls = transitions.map { transition in
            BookTransition(
                in: Keys(partition: transition.booking.partition), now: transition.metadata.moment,
                requestId: transition.metadata.requestId, traceparent: transition.metadata.traceparent,
                booking: transition.booking.text,
                event: transition.kind.event.rawValue, to: transition.kind.to.rawValue, from: transition.kind.from.map(\.rawValue)
            )
        }
        var outcomes: [TransitionOutcome] = []
        for (transition, result) in zip(transitions, try await client.call(calls)) {
            switch result {
            case .absent: outcomes.append(.absent)
            case .skipped(let fields): outcomes.append(.skipped(try Booking(id: transition.booking, written: fields)))
            case .applied(let fields): outcomes.append(.applied(try Booking(id: transition.booking, written: fields)))
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
                let fields = try result.get().asFields()
                bookings.append(fields.isEmpty ? nil : try Booking(id: id, fields: fields))
            }
            return bookings
        } catch {
            throw Failure(reading: error)
        }
    }
}

extension Booking {
    fileprivate init(id: BookingID, written fields: [String: String]) throws(Failure) {
        do throws(RedisError) {
            try self.init(id: id, fields: fields)
        } catch {
            throw Failure(writing: error)
        }
    }

    fileprivate init(id: BookingID, fields: [String: String]) throws(RedisError) {
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
