import Contracts
import HTTPServer

/// A browser's session: who its requests are from, without a token that a page's script could read.
struct Session: Sendable, Equatable {
    let subject: String
    let role: AccessRole
    let createdAt: UnixMilliseconds

    /// A guest comes back to the same bookings for half a year.
    static let guestLifetime: UnixMilliseconds = 180 * 86_400_000
    /// A session that a token began ends when its browser has sent nothing for this long,
    static let idleLimit: UnixMilliseconds = 30 * 60_000
    /// and a day's work after its beginning.
    static let longest: UnixMilliseconds = 12 * 3_600_000

    private static let guestPrefix = "guest-"

    /// Whether nobody but the browser knows who it is.
    var isGuest: Bool { role == .visitor && Self.isGuest(subject) }

    static func isGuest(_ subject: String) -> Bool { subject.hasPrefix(guestPrefix) }

    /// One with a random subject.
    static func guest(at now: UnixMilliseconds) -> Session {
        Session(subject: guestPrefix + RequestIdentifier.make(), role: .visitor, createdAt: now)
    }

    /// When it ends if its browser sends nothing more.
    func expiry(at now: UnixMilliseconds) -> UnixMilliseconds {
        isGuest ? createdAt + Self.guestLifetime : min(now + Self.idleLimit, createdAt + Self.longest)
    }
}
