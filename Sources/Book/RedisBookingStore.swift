import Chassis
import Contracts
import Redis
import Scripts

/// Bookings in Redis hashes.
struct RedisBookingStore: BookingStore {
    let client: any RedisSender

    func record(_ order: Order, as id: BookingID, cause: Cause) async throws(Failure) -> RecordOutcome {
        enum Word: String { case recorded = "RECORDED", exists = "EXISTS", mismatch = "MISMATCH", aborted = "ABORTED" }
        let keys = Keys(partition: id.partition)
        let answer: (word: Word, rest: ArraySlice<Reply>) = try await client.call(
            Scripts.bookRecord,
            keys: [
                keys.booking(id.text), keys.bookings(of: id.exhibition.text), keys.exhibitionsWithBookings,
                keys.events(of: "book"), keys.purgedExhibitions(of: "book"),
            ],
            arguments: Self.arguments(order, id, cause))
        switch answer.word {
        case .recorded:
            return .recorded(
                Booking(
                    id: id, visitor: order.visitor, seats: order.seats, status: .requested, version: 1,
                    createdAt: cause.moment, updatedAt: cause.moment))
        case .exists: return .exists(try Booking(id: id, written: answer.rest.first))
        case .mismatch: return .mismatch
        case .aborted: return .aborted
        }
    }

    func abort(_ order: Order, as id: BookingID, cause: Cause) async throws(Failure) -> AbortOutcome {
        enum Word: String { case aborted = "ABORTED", exists = "EXISTS" }
        let keys = Keys(partition: id.partition)
        let answer: (word: Word, rest: ArraySlice<Reply>) = try await client.call(
            Scripts.bookAbort, keys: [keys.booking(id.text), keys.events(of: "book"), keys.purgedExhibitions(of: "book")],
            arguments: Self.arguments(order, id, cause))
        return answer.word == .aborted ? .aborted : .exists(try Booking(id: id, written: answer.rest.first))
    }

    private static func arguments(_ order: Order, _ id: BookingID, _ cause: Cause) -> [String] {
        [
            String(cause.moment), cause.requestId ?? "", id.text, order.exhibition.text, order.visitor, String(order.seats),
        ]
    }

    func advance(_ steps: [Step]) async throws(Failure) -> [AdvanceOutcome] {
        enum Word: String {
            case absent = "ABSENT"
            case skipped = "SKIPPED"
            case completed = "COMPLETED"
            case canceled = "CANCELED"
            case forceCanceled = "FORCE_CANCELED"
        }
        let commands = steps.map { step in
            let keys = Keys(partition: step.booking.partition)
            return Command(
                step.transition.script, keys: [keys.booking(step.booking.text), keys.events(of: "book")],
                arguments: [String(step.cause.moment), step.cause.requestId ?? "", step.booking.text])
        }
        var outcomes: [AdvanceOutcome] = []
        for (step, result) in zip(steps, await client.send(commands)) {
            let answer: (word: Word, rest: ArraySlice<Reply>) = try RedisClient.outcome(of: step.transition.script, result)
            switch answer.word {
            case .absent: outcomes.append(.absent)
            case .skipped: outcomes.append(.skipped(try Booking(id: step.booking, written: answer.rest.first)))
            default: outcomes.append(.advanced(try Booking(id: step.booking, written: answer.rest.first)))
            }
        }
        return outcomes
    }

    func find(_ id: BookingID) async throws(Failure) -> Booking? {
        try await find([id])[0]
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

extension Transition {
    fileprivate var script: Script {
        switch self {
        case .complete: Scripts.bookComplete
        case .cancel: Scripts.bookCancel
        case .forceCancel: Scripts.bookForceCancel
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
            let version = fields["version"].flatMap({ Int($0) }), let createdAt = fields["createdAt"].flatMap({ Moment($0) }),
            let updatedAt = fields["updatedAt"].flatMap({ Moment($0) })
        else { throw .unexpected("booking \(id.text) is incomplete") }
        self.init(
            id: id, visitor: visitor, seats: seats, status: status, version: version, createdAt: createdAt,
            updatedAt: updatedAt)
    }
}
