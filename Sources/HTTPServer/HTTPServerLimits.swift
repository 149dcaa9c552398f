import Foundation
import NIOCore

/// The limits of one port. docs/http-api.md, "Limits", documents them for users. (README has no such table.)
enum HTTPServerLimits {
    /// A head, a body or the reading of responses may take this long; a byte now and then gains nothing.
    static let clientWithin = TimeAmount.seconds(10)
    /// Between two requests of a connection.
    static let idleFor = TimeAmount.seconds(60)

    /// Connections from one address: a gateway, a balancer, a deployment behind one router. 2,000 slow ones leave as many to
    /// others.
    static let connectionsPerAddress = 4096
    /// Connections of a port, from at least two addresses.
    static let connectionsPerPort = 8192
    /// Files that are no visitors' connections: Redis, other roles, logs, and those being turned away.
    static let filesKeptBack = 512

    /// Requests in flight. Two slow cores serve 4,000 bookings a second: then the last of these gets its response after half a
    /// second, a quarter of its deadline. The two ports that may book have together what ReservationBatcher lets wait.
    static let requestsInFlight = 2048

    /// Lists that are sent as a stream, and CSV bodies that are read: at once.
    static let transfers = 32
    /// A streamed response, from its head to its end.
    static let streamWithin = TimeAmount.minutes(10)
    /// What is still being sent when the port closes. The process ends a second later.
    static let lastResponseWithin = TimeAmount.seconds(8)

    /// What the kernel keeps, doubled by it, of responses that a client does not read; it would keep 4 MiB. Two long pages.
    static let sendBuffer = 128 << 10

    static let headerFieldSize = 8 << 10
    static let headerListSize = 16 << 10
    static let headerFieldCount = 100
    /// What a client may go on sending of a body when its response is sent. More, and the connection is closed.
    static let bodyAfterAnswer = 64 << 10
}

/// How many files, sockets among them, this process may have open.
public enum OpenFiles {
    /// Raises the soft limit to the hard one.
    /// - Returns: what it is then.
    public static func raiseLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(.init(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if setrlimit(.init(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }
}
