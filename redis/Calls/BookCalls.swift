public import Redis

/// Records bookings whose seats are reserved, up to ``batchLimit``.
public struct BookRecord: BatchCall {
    public static let script = Script("book_record", PackageResources.book_record_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]
    public let count: Int

    public enum Code: String, ResultCode {
        case recorded = "RECORDED"
        case aborted = "ABORTED"
        case mismatch = "MISMATCH"
        case exists = "EXISTS"
    }

    public enum Element: Sendable {
        case recorded, aborted, mismatch
        /// The same was recorded before.
        case exists([String: String])
    }

    /// The fields of a booking's hash that no event has: what a visitor may add to a booking.
    public static let detailNames = ["name", "contact", "note"]

    /// A booking as it is asked for.
    public struct Booking: Sendable {
        let id: String
        let exhibition: String
        let details: [String: String]
        let arguments: [String]

        /// - Parameters:
        ///   - now: when it is made, in milliseconds.
        ///   - details: those of ``BookRecord/detailNames`` that the visitor gave.
        public init(
            id: String, exhibition: String, visitor: String, seats: Int, now: Int64, requestId: String?,
            traceparent: String? = nil, details: [String: String] = [:]
        ) {
            self.id = id
            self.exhibition = exhibition
            self.details = details
            arguments = [String(now), requestId ?? "", traceparent ?? "", id, exhibition, visitor, String(seats)]
        }
    }

    public init(in keys: Keys, bookings: [Booking]) {
        self.keys =
            [keys.exhibitionsWithBookings, keys.events(of: "book"), keys.purgedExhibitions(of: "book")]
            + bookings.flatMap { [keys.booking($0.id), keys.bookings(of: $0.exhibition)] }
        arguments = texts(bookings.flatMap(\.arguments) + Self.details(of: bookings))
        count = bookings.count
    }

    private static func details(of bookings: [Booking]) -> [String] {
        bookings.enumerated().flatMap { index, booking in
            booking.details.isEmpty
                ? []
                : detailNames.flatMap { name in booking.details[name].map { [String(index + 1), name, $0] } ?? [] }
        }
    }

    public func element(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Element {
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

/// Changes the status of bookings, up to ``batchLimit``: of each that has one of those that the transition starts from.
public struct BookTransition: BatchCall {
    public static let script = Script("book_transition", PackageResources.book_transition_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]
    public let count: Int

    public enum Code: String, ResultCode {
        case absent = "ABSENT"
        case skipped = "SKIPPED"
        case applied = "APPLIED"
    }

    /// The booking's fields where there is one and the call returns them.
    public enum Element: Sendable {
        case absent
        case skipped([String: String])
        case applied([String: String])
    }

    /// One booking's change.
    public struct Booking: Sendable {
        let id: String
        let requestId: String?
        let traceparent: String?

        public init(id: String, requestId: String?, traceparent: String? = nil) {
            self.id = id
            self.requestId = requestId
            self.traceparent = traceparent
        }
    }

    /// - Parameters:
    ///   - statuses: those that the transition starts from.
    ///   - returnsFields: whether the bookings' fields are returned as they are afterwards.
    public init(
        in keys: Keys, now: Int64, event: String, to status: String, from statuses: [String], bookings: [Booking],
        returnsFields: Bool
    ) {
        self.keys = [keys.events(of: "book")] + bookings.map { keys.booking($0.id) }
        arguments = texts(
            [String(now), event, status, " " + statuses.joined(separator: " ") + " ", returnsFields ? "1" : "0"]
                + bookings.flatMap { [$0.requestId ?? "", $0.traceparent ?? "", $0.id] })
        count = bookings.count
    }

    public func element(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Element {
        switch code {
        case .absent: .absent
        case .skipped: .skipped(try values.first.asFields())
        case .applied: .applied(try values.first.asFields())
        }
    }
}

/// Lowers the seats of a booking that holds seats.
public struct BookLower: CodedCall {
    public static let script = Script("book_lower", PackageResources.book_lower_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public typealias Code = BookTransition.Code
    public typealias Result = BookTransition.Element

    /// - Parameter seats: fewer than it has.
    public init(in keys: Keys, now: Int64, requestId: String?, traceparent: String? = nil, booking: String, seats: Int) {
        self.keys = [keys.booking(booking), keys.events(of: "book")]
        arguments = texts([String(now), requestId ?? "", traceparent ?? "", booking, String(seats)])
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .absent: .absent
        case .skipped: .skipped(try values.first.asFields())
        case .applied: .applied(try values.first.asFields())
        }
    }
}
