public import Redis

/// Takes seats of one exhibition for up to 64 bookings.
public struct MuseumReserve: ScriptCall {
    public static let script = Script("museum_reserve", PackageResources.museum_reserve_lua)
    public static var codes: [String] { Code.allCases.map(\.rawValue) }
    public let keys: [String]
    public let arguments: [Command.Argument]
    private let count: Int

    public enum Code: String, ResultCode {
        case noExhibition = "NO_EXHIBITION"
        case repeated = "REPEATED"
        case mismatch = "MISMATCH"
        case void = "VOID"
        case deleted = "DELETED"
        case closed = "CLOSED"
        case over = "OVER"
        case soldOut = "SOLD_OUT"
        case reserved = "RESERVED"
    }

    public struct Reservation: Sendable {
        let arguments: [String]

        public init(booking: String, seats: Int, visitor: String, requestId: String?, traceparent: String? = nil) {
            arguments = [booking, String(seats), visitor, requestId ?? "", traceparent ?? ""]
        }
    }

    /// For each reservation, in order, what became of it and the seats left after it.
    public typealias Result = [(code: Code, available: Int)]

    /// - Parameters:
    ///   - date: the museum's date.
    ///   - previousDate: the day before.
    ///   - time: the museum's time of day.
    public init(
        in keys: Keys, now: Int64, exhibition: String, date: String, previousDate: String, time: String,
        reservations: [Reservation]
    ) {
        self.keys = [keys.exhibition(exhibition), keys.seats(exhibition), keys.events(of: "museum")]
        arguments = texts([String(now), exhibition, date, previousDate, time] + reservations.flatMap(\.arguments))
        count = reservations.count
    }

    public func result(of reply: Reply) throws(RedisError) -> Result {
        let parts = try reply.asArray()
        guard parts.count == 2 * count else { throw .unexpected("expected an outcome for each reservation") }
        var outcomes: Result = []
        for index in stride(from: 0, to: parts.count, by: 2) {
            outcomes.append((try Self.code(try parts[index].asText()), try parts[index + 1].asInteger()))
        }
        return outcomes
    }
}

/// Releases seats of bookings, up to ``batchLimit``, each once: all, or those that a booking does not keep.
public struct MuseumRelease: BatchCall {
    public static let script = Script("museum_release", PackageResources.museum_release_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]
    public let count: Int

    /// Each means that the booking holds no more seats than it keeps.
    public enum Code: String, ResultCode {
        case noExhibition = "NO_EXHIBITION"
        case absent = "ABSENT"
        case already = "ALREADY"
        case voided = "VOIDED"
        case released = "RELEASED"
    }

    /// A booking that holds fewer seats from now on.
    public struct Booking: Sendable {
        let exhibition: String
        let arguments: [String]

        /// - Parameter kept: the seats that it keeps; 0 for a booking that is over.
        public init(id: String, exhibition: String, kept: Int = 0, requestId: String?, traceparent: String? = nil) {
            self.exhibition = exhibition
            arguments = [requestId ?? "", traceparent ?? "", exhibition, id, String(kept)]
        }
    }

    public init(in keys: Keys, now: Int64, bookings: [Booking]) {
        self.keys =
            [keys.events(of: "museum")] + bookings.flatMap { [keys.exhibition($0.exhibition), keys.seats($0.exhibition)] }
        arguments = texts([String(now)] + bookings.flatMap(\.arguments))
        count = bookings.count
    }
}

/// Revokes the seats of some bookings of a deleted exhibition.
public struct MuseumRevoke: CodedCall {
    public static let script = Script("museum_revoke", PackageResources.museum_revoke_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case notDeleted = "NOT_DELETED"
        case done = "DONE"
        case more = "MORE"
    }

    public enum Result: Sendable, Equatable {
        case notDeleted
        case done
        /// How many bookings were revoked in this step.
        case more(revoked: Int)
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .notDeleted: .notDeleted
        case .done: .done
        case .more: .more(revoked: try values.first.asInteger())
        }
    }

    public init(in keys: Keys, now: Int64, exhibition: String) {
        self.keys = [keys.exhibition(exhibition), keys.seats(exhibition), keys.revoking, keys.events(of: "museum")]
        arguments = texts([String(now), exhibition])
    }
}
