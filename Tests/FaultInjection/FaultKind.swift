import TestSupport

/// The kinds of faults. Each can be injected alone or in any order with the others.
public enum FaultKind: String, Sendable, CaseIterable {
    // processes
    /// SIGKILL of one of the museum's processes; it is started again a moment later.
    case killService
    /// SIGSTOP of one of them for up to three seconds.
    case stopService
    /// SIGKILL of redis-server.
    case killRedis
    /// SIGTERM of redis-server, and a new one on the same data.
    case restartRedis
    /// SIGSTOP of redis-server for a moment.
    case stopRedis
    /// SIGKILL of everything at once.
    case killAll

    // the disk
    /// Everything is killed and the append-only file cut back to what was synced to the disk.
    case powerLoss
    /// Everything is killed and the append-only file cut anywhere near its end: what was answered may be lost, nothing may be
    /// torn.
    case cutLog
    /// No space is left for the append-only file; redis-server ends by itself.
    case diskFull

    // the network, between visitor and gateway, gateway and services, Book and Museum, any service and Redis
    /// Requests arrive up to four seconds late, when nobody waits for the answer any more.
    case lateRequests
    /// The server acts; its reply is lost and the connection closed.
    case lostReplies
    /// Connections are closed in the middle of what passes.
    case cutConnections
    /// Nothing passes, nothing is closed.
    case halfOpen

    // commands of an operator to Redis
    /// CLIENT PAUSE.
    case clientPause
    /// CLIENT KILL TYPE normal.
    case clientKill
    /// SCRIPT FLUSH.
    case scriptFlush
    /// XGROUP DESTROY of one consumer group.
    case groupDestroyed
    /// XGROUP SETID of one consumer group to an earlier id.
    case groupSetBack
    /// maxmemory is set so low that writes are refused.
    case outOfMemory
    /// XADD is taken from a service's user for a second.
    case rightWithdrawn

    // the rest
    /// Entries that are no events.
    case poison
    /// Every process' wall clock jumps by up to a day, ahead or back.
    case clockJump

    // commands, and what is rare
    /// `purge` runs while staff postpone what it is about to remove, and while a Book process sleeps between reserve and
    /// record.
    case postponedPurge
    /// Redis receives each request 100 to 240 ms late; reads of every kind must be answered by their deadline.
    case slowRedis
    /// Seats are reserved for bookings that nobody records, some of an exhibition that is deleted right after.
    case orphanReservation
    /// XGROUP DESTROY and XGROUP CREATE at an earlier id in one transaction, over and over, while a consumer dies.
    case groupRecreated
    /// XREADGROUP or XACK is taken from a role's user for a second or two.
    case readsRefused

    /// How many of a hundred or so injections are of this kind.
    var weight: Int {
        switch self {
        case .killService, .lostReplies: 12
        case .killRedis, .stopService, .lateRequests: 7
        case .killAll, .powerLoss: 5
        case .slowRedis, .orphanReservation, .readsRefused: 3
        case .diskFull, .restartRedis, .poison, .postponedPurge: 2
        case .cutLog: 1
        default: 4
        }
    }
}

/// How a deployment is set up for its fault kinds.
public struct FaultSetup: Sendable {
    public enum Layout: String, Sendable, CaseIterable {
        /// Each role in processes of its own, two of each service, as their own Redis users.
        case services
        /// Every role in one process.
        case one
    }

    public let layout: Layout
    /// The append-only file lies on a file system that can be made too small.
    public let hasSmallDisk: Bool

    public init(layout: Layout, kinds: Set<FaultKind>) {
        self.layout = layout
        hasSmallDisk = kinds.contains(.diskFull)
    }

    /// Which of the kinds are possible in a layout.
    public static func possible(_ kinds: some Sequence<FaultKind>, in layout: Layout) -> Set<FaultKind> {
        // In one process all roles are one Redis user, and that process is everything there is to kill.
        Set(kinds).subtracting(layout == .one ? [.rightWithdrawn, .readsRefused] : [])
    }
}
