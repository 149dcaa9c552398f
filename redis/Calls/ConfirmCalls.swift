public import Redis

/// Lets an admission follow its booking.
public struct ConfirmApply: CodedCall {
    public static let script = Script("confirm_apply", PackageResources.confirm_apply_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case purged = "PURGED"
        case stale = "STALE"
        case applied = "APPLIED"
    }

    /// - Parameters:
    ///   - status: the admission's.
    ///   - version: the booking's.
    ///   - createdAt: when the booking was made.
    public init(
        in keys: Keys, now: Int64, requestId: String?, traceparent: String? = nil, booking: String, exhibition: String,
        visitor: String, seats: Int,
        status: String, version: Int, createdAt: Int64
    ) {
        self.keys = [
            keys.admission(booking), keys.admissions(to: exhibition), keys.exhibitionsWithAdmissions, keys.events(of: "confirm"),
            keys.purgedExhibitions(of: "confirm"),
        ]
        arguments = texts([
            String(now), requestId ?? "", traceparent ?? "", booking, exhibition, visitor, String(seats), status, String(version),
            String(createdAt),
        ])
    }
}
