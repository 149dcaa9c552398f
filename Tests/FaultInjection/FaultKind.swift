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

    // several servers: Sentinel, Cluster
    /// SIGKILL of a primary. When another one has taken its place, it is started again, as a replica.
    case killPrimary
    /// SIGSTOP of a primary until another one has taken its place. When it goes on, it takes itself for the primary for a moment.
    case stopPrimary
    /// A primary loses the other servers and the sentinels for four seconds at least, until another one has taken its place.
    /// Clients still reach it.
    case partitionPrimary
    /// SENTINEL FAILOVER, or CLUSTER FAILOVER.
    case plannedFailover
    /// SIGKILL of a replica; it is started again up to three seconds later.
    case killReplica
    /// The slot of a partition is moved to another primary.
    case migrateSlot

    /// How many of a hundred or so injections are of this kind.
    var weight: Int {
        switch self {
        case .killService, .lostReplies: 12
        case .killRedis, .stopService, .lateRequests: 7
        case .killAll, .powerLoss: 5
        case .slowRedis, .orphanReservation, .readsRefused: 3
        case .killPrimary, .partitionPrimary: 8
        case .diskFull, .restartRedis, .poison, .postponedPurge: 2
        case .cutLog: 1
        default: 4
        }
    }
}

extension FaultKind {
    /// The kinds of several servers.
    static let ofReplicas: Set<FaultKind> = [.killPrimary, .stopPrimary, .partitionPrimary, .plannedFailover, .killReplica]

    /// The kinds that befall anything but the one server, its files and its connections.
    private static let ofAnyTopology: Set<FaultKind> = [
        .killService, .stopService, .killAll, .lateRequests, .lostReplies, .cutConnections, .halfOpen, .clientKill, .scriptFlush,
        .groupDestroyed, .groupSetBack, .poison, .orphanReservation,
    ]

    /// Which kinds there are where Redis is that.
    public static func possible(on topology: FaultSetup.Topology) -> Set<FaultKind> {
        switch topology {
        case .single: Set(allCases).subtracting(ofReplicas).subtracting([.migrateSlot])
        case .sentinel: ofAnyTopology.union(ofReplicas)
        case .cluster: ofAnyTopology.union(ofReplicas).union([.migrateSlot])
        }
    }
}
