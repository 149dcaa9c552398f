import Redis
import Scripts

/// Book's scripts on bookings of exhibition `a1`.
extension ScriptFixture {
    var bookEvents: String { keys.events(of: "book") }

    enum BookStep: String, CaseIterable {
        case record, abort, complete, cancel, forceCancel
    }

    /// The call for a booking's next step.
    func call(
        _ step: BookStep, _ booking: Int = 1, visitor: String = "kim", seats: Int = 2, now: String = now,
        requestId: String = "r-1"
    ) -> Command {
        let id = Self.booking(booking)
        let order = [now, requestId, id, Self.exhibition, visitor, String(seats)]
        let short = [keys.booking(id), bookEvents]
        let transition = { Command(Scripts.bookTransition, keys: short, arguments: [now, requestId, id] + $0) }
        let purged = keys.purgedExhibitions(of: "book")
        return switch step {
        case .record:
            Command(
                Scripts.bookRecord,
                keys: [keys.booking(id), keys.bookings(of: Self.exhibition), keys.exhibitionsWithBookings, bookEvents, purged],
                arguments: order)
        case .abort: Command(Scripts.bookAbort, keys: short + [purged], arguments: order)
        case .complete: transition(["RequestCompleted", "REQUEST_COMPLETED", "REQUESTED"])
        case .cancel: transition(["Canceled", "CANCELED", "REQUESTED", "REQUEST_COMPLETED"])
        case .forceCancel: transition(["ForceCanceled", "FORCE_CANCELED", "REQUESTED", "REQUEST_COMPLETED"])
        }
    }

    @discardableResult
    func book(
        _ step: BookStep, _ booking: Int = 1, visitor: String = "kim", seats: Int = 2, now: String = now,
        requestId: String = "r-1"
    ) async throws -> Answer {
        try Answer(
            try await client.send(call(step, booking, visitor: visitor, seats: seats, now: now, requestId: requestId)))
    }

    func bookingFields(_ booking: Int = 1) async throws -> [String: String] {
        try await fields(keys.booking(Self.booking(booking)))
    }
}
