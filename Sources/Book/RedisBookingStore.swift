import Contracts
import Messaging
import Redis
import Scripts

/// Bookings in Redis hashes.
struct RedisBookingStore: BookingStore {
    let client: any RedisSender
    /// What a response may stand on.
    let writes: any RedisSender

    /// - Parameter writes: `nil`: the client.
    init(client: any RedisSender, writes: (any RedisSender)? = nil) {
        self.client = client
        self.writes = writes ?? client
    }

    func record(_ bookings: [NewBooking]) async throws(Failure) -> [RecordOutcome] {
        let elements = try await writes.call(bookings) {
            $0.id.partition == $1.id.partition
        } as: { bookings in
            BookRecord(
                in: Keys(partition: bookings[0].id.partition),
                bookings: bookings.map {
                    BookRecord.Booking(
                        id: $0.id.text, exhibition: $0.request.exhibition.text, visitor: $0.request.visitor,
                        seats: $0.request.seats, now: $0.metadata.moment, requestId: $0.metadata.requestId,
                        traceparent: $0.metadata.traceparent,
                        details: Dictionary(uniqueKeysWithValues: $0.request.details.map { ($0.rawValue, $1) }))
                })
        }
        var outcomes: [RecordOutcome] = []
        for (booking, element) in zip(bookings, elements) {
            switch element {
            case .recorded: outcomes.append(.recorded(Booking(booking)))
            case .exists(let fields): outcomes.append(.exists(try Booking(id: booking.id, written: fields)))
            case .mismatch: outcomes.append(.mismatch)
            case .aborted: outcomes.append(.aborted)
            }
        }
        return outcomes
    }

    func abort(_ request: BookingRequest, as id: BookingID, metadata: RequestMetadata) async throws(Failure) -> AbortOutcome {
        let call = BookAbort(
            in: Keys(partition: id.partition), now: metadata.moment, requestId: metadata.requestId,
            traceparent: metadata.traceparent, booking: id.text, exhibition: request.exhibition.text,
            visitor: request.visitor, seats: request.seats)
        switch try await writes.call(call) {
        case .aborted: return .aborted
        case .exists(let fields): return .exists(try Booking(id: id, written: fields))
        }
    }

    func change(_ transition: Transition) async throws(Failure) -> TransitionOutcome {
        try Self.outcome(try await writes.call(Self.call([transition], returnsFields: true))[0], of: transition.booking)
    }

    func lower(_ id: BookingID, to seats: Int, metadata: RequestMetadata) async throws(Failure) -> TransitionOutcome {
        let call = BookLower(
            in: Keys(partition: id.partition), now: metadata.moment, requestId: metadata.requestId,
            traceparent: metadata.traceparent, booking: id.text, seats: seats)
        return try Self.outcome(try await writes.call(call), of: id)
    }

    private static func outcome(_ element: BookTransition.Element, of id: BookingID) throws(Failure) -> TransitionOutcome {
        switch element {
        case .absent: .absent
        case .skipped(let fields): .skipped(try Booking(id: id, written: fields))
        case .applied(let fields): .applied(try Booking(id: id, written: fields))
        }
    }

    func apply(_ transitions: [Transition]) async throws(Failure) -> [TransitionCode] {
        let elements = try await client.call(transitions) {
            $0.kind == $1.kind && $0.metadata.moment == $1.metadata.moment && $0.booking.partition == $1.booking.partition
        } as: {
            Self.call($0, returnsFields: false)
        }
        return elements.map { element in
            switch element {
            case .absent: .absent
            case .skipped: .skipped
            case .applied: .applied
            }
        }
    }

    /// - Parameter transitions: of one kind, at one moment, in one partition.
    private static func call(_ transitions: [Transition], returnsFields: Bool) -> BookTransition {
        let kind = transitions[0].kind
        return BookTransition(
            in: Keys(partition: transitions[0].booking.partition), now: transitions[0].metadata.moment,
            event: kind.event.rawValue, to: kind.to.rawValue, from: kind.from.map(\.rawValue),
            bookings: transitions.map {
                BookTransition.Booking(
                    id: $0.booking.text, requestId: $0.metadata.requestId, traceparent: $0.metadata.traceparent)
            }, returnsFields: returnsFields)
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
                let fields = try result.get().asRecord()
                bookings.append(fields.isEmpty ? nil : try Booking(id: id, fields: fields))
            }
            return bookings
        } catch {
            throw Failure(reading: error)
        }
    }
}

extension Booking {
    /// As it is when it has just been recorded.
    fileprivate init(_ reserved: NewBooking) {
        self.init(
            id: reserved.id, visitor: reserved.request.visitor, seats: reserved.request.seats, status: .requested, version: 1,
            createdAt: reserved.metadata.moment, updatedAt: reserved.metadata.moment, details: reserved.request.details)
    }

    fileprivate init(id: BookingID, written fields: [String: String]) throws(Failure) {
        do throws(RedisError) {
            try self.init(id: id, fields: fields)
        } catch {
            throw Failure(writing: error)
        }
    }

    fileprivate init(id: BookingID, fields: some TextFields) throws(RedisError) {
        guard let visitor = fields["visitor"], let seats = fields["seats"].flatMap({ Int($0) }),
            let status = fields["status"].flatMap({ BookingStatus(rawValue: $0) }),
            let version = fields["version"].flatMap({ Int($0) }),
            let createdAt = fields["createdAt"].flatMap({ UnixMilliseconds($0) }),
            let updatedAt = fields["updatedAt"].flatMap({ UnixMilliseconds($0) })
        else { throw .unexpected("booking \(id.text) is incomplete") }
        self.init(
            id: id, visitor: visitor, seats: seats, status: status, version: version, createdAt: createdAt,
            updatedAt: updatedAt, bookedSeats: fields["bookedSeats"].flatMap { Int($0) })
        for detail in BookingDetail.allCases { details[detail] = fields[detail.rawValue] }
    }
}
