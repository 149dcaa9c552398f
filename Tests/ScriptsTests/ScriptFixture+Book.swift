import Redis
import Scripts

/// Book's scripts on bookings of exhibition `a1`.
extension ScriptFixture {
    var bookEvents: String { keys.events(of: "book") }

    enum BookStep: String, CaseIterable {
        case record, abort, complete, cancel, forceCancel
        /// To one seat less than the booking is recorded with.
        case lower
    }

    /// The call for a booking's next step.
    func call(
        _ step: BookStep, _ booking: Int = 1, visitor: String = "kim", seats: Int = 2, now: Int64 = moment,
        requestId: String = "r-1"
    ) -> Command {
        let id = Self.booking(booking)
        func transition(_ event: String, _ status: String, from: String...) -> Command {
            Command(
                BookTransition(
                    in: keys, now: now, event: event, to: status, from: from,
                    bookings: [BookTransition.Booking(id: id, requestId: requestId)], returnsFields: true))
        }
        return switch step {
        case .record:
            Command(
                BookRecord(
                    in: keys,
                    bookings: [
                        BookRecord.Booking(
                            id: id, exhibition: Self.exhibition, visitor: visitor, seats: seats, now: now, requestId: requestId)
                    ]))
        case .abort:
            Command(
                BookAbort(
                    in: keys, now: now, requestId: requestId, booking: id, exhibition: Self.exhibition, visitor: visitor,
                    seats: seats))
        case .lower: Command(BookLower(in: keys, now: now, requestId: requestId, booking: id, seats: seats - 1))
        case .complete: transition("RequestCompleted", "REQUEST_COMPLETED", from: "REQUESTED")
        case .cancel: transition("Canceled", "CANCELED", from: "REQUESTED", "REQUEST_COMPLETED")
        case .forceCancel: transition("ForceCanceled", "FORCE_CANCELED", from: "REQUESTED", "REQUEST_COMPLETED")
        }
    }

    @discardableResult
    func book(
        _ step: BookStep, _ booking: Int = 1, visitor: String = "kim", seats: Int = 2, now: Int64 = moment,
        requestId: String = "r-1"
    ) async throws -> Answer {
        try Answer(
            try await client.send(call(step, booking, visitor: visitor, seats: seats, now: now, requestId: requestId)))
    }

    func bookingFields(_ booking: Int = 1) async throws -> [String: String] {
        try await fields(keys.booking(Self.booking(booking)))
    }
}
