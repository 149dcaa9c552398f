public import Redis

/// Lets admissions follow their bookings, up to ``batchLimit``.
public struct ConfirmApply: BatchCall {
    public static let script = Script("confirm_apply", PackageResources.confirm_apply_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]
    public let count: Int

    public enum Code: String, ResultCode {
        case purged = "PURGED"
        case stale = "STALE"
        case applied = "APPLIED"
    }

    /// A booking, and the status that its admission gets.
    public struct Booking: Sendable {
        let id: String
        let exhibition: String
        let arguments: [String]

        /// - Parameters:
        ///   - status: the admission's.
        ///   - version: the booking's.
        ///   - createdAt: when the booking was made.
        public init(
            id: String, exhibition: String, visitor: String, seats: Int, status: String, version: Int, createdAt: Int64,
            requestId: String?, traceparent: String? = nil
        ) {
            self.id = id
            self.exhibition = exhibition
            arguments = [
                requestId ?? "", traceparent ?? "", id, exhibition, visitor, String(seats), status, String(version),
                String(createdAt),
            ]
        }
    }

    public init(in keys: Keys, now: Int64, bookings: [Booking]) {
        self.keys =
            [keys.exhibitionsWithAdmissions, keys.events(of: "confirm"), keys.purgedExhibitions(of: "confirm")]
            + bookings.flatMap { [keys.admission($0.id), keys.admissions(to: $0.exhibition)] }
        arguments = texts([String(now)] + bookings.flatMap(\.arguments))
        count = bookings.count
    }
}
