public import Redis

/// Records a booking whose seats are reserved.
public struct BookRecord: CodedCall {
    public static let script = Script("book_record", PackageResources.book_record_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case recorded = "RECORDED"
        case aborted = "ABORTED"
        case mismatch = "MISMATCH"
        case exists = "EXISTS"
    }

    public enum Result: Sendable {
        case recorded, aborted, mismatch
        /// The same was recorded before.
        case exists([String: String])
    }

    public init(
        in keys: Keys, now: Int64, requestId: String?, traceparent: String? = nil, booking: String, exhibition: String,
        visitor: String, seats: Int
    ) {
        self.keys = [
            keys.booking(booking), keys.bookings(of: exhibition), keys.exhibitionsWithBookings, keys.events(of: "book"),
            keys.purgedExhibitions(of: "book"),
        ]
        arguments = texts([String(now), requestId ?? "", traceparent ?? "", booking, exhibition, visitor, String(seats)])
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .recorded: .recorded
        case .aborted: .aborted
        case .mismatch: .mismatch
        case .exists: .exists(try values.first.asFields())
        }
    }
}

/// Ends an attempt whose outcome could not be found out.
public struct BookAbort: CodedCall {
    public static let script = Script("book_abort", PackageResources.book_abort_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case aborted = "ABORTED"
        case exists = "EXISTS"
    }

    public enum Result: Sendable {
        case aborted
        /// It was recorded before.
        case exists([String: String])
    }

    public init(
        in keys: Keys, now: Int64, requestId: String?, traceparent: String? = nil, booking: String, exhibition: String,
        visitor: String, seats: Int
    ) {
        self.keys = [keys.booking(booking), keys.events(of: "book"), keys.purgedExhibitions(of: "book")]
        arguments = texts([String(now), requestId ?? "", traceparent ?? "", booking, exhibition, visitor, String(seats)])
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .aborted: .aborted
        case .exists: .exists(try values.first.asFields())
        }
    }
}

/// Changes a booking's status, if it has one of those that the transition starts from.
public struct BookTransition: CodedCall {
    public static let script = Script("book_transition", PackageResources.book_transition_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case absent = "ABSENT"
        case skipped = "SKIPPED"
        case applied = "APPLIED"
    }

    /// The booking's fields where there is one.
    public enum Result: Sendable {
        case absent
        case skipped([String: String])
        case applied([String: String])
    }

    public init(
        in keys: Keys, now: Int64, requestId: String?, traceparent: String? = nil, booking: String, event: String,
        to status: String, from: [String]
    ) {
        self.keys = [keys.booking(booking), keys.events(of: "book")]
        arguments = texts([String(now), requestId ?? "", traceparent ?? "", booking, event, status] + from)
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .absent: .absent
        case .skipped: .skipped(try values.first.asFields())
        case .applied: .applied(try values.first.asFields())
        }
    }
}
