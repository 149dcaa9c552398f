import TestSupport

/// How a deployment is set up for its fault kinds.
public struct FaultSetup: Sendable {
    public enum Layout: String, Sendable, CaseIterable {
        /// Each role in processes of its own, two of each service, as their own Redis users.
        case services
        /// Every role in one process.
        case one
    }

    /// What Redis is.
    public enum Topology: String, Sendable, CaseIterable {
        case single, sentinel, cluster

        /// After a failover bookings are acknowledged again within this (L3).
        public var promisedGap: Duration {
            switch self {
            case .single: .zero
            case .sentinel: SentinelServers.downAfter + .seconds(2)
            case .cluster: ClusterServers.nodeTimeout * 2 + .seconds(1)
            }
        }
    }

    /// The setting DURABILITY of the services.
    public enum Durability: String, Sendable, CaseIterable {
        case local, replicated
    }

    /// Whether a failover may keep a booking and lose its reservation.
    var mayLoseReservations: Bool { topology != .single && durability == .local }

    public let layout: Layout
    public let topology: Topology
    public let durability: Durability
    /// The append-only file lies on a file system that can be made too small.
    public let hasSmallDisk: Bool

    public init(
        layout: Layout, topology: Topology = .single, durability: Durability = .local, kinds: Set<FaultKind>
    ) {
        self.layout = layout
        self.topology = topology
        self.durability = durability
        hasSmallDisk = kinds.contains(.diskFull)
    }

    /// Which of the kinds are possible in a layout and on a topology.
    public static func possible(
        _ kinds: some Sequence<FaultKind>, in layout: Layout, on topology: Topology = .single
    ) -> Set<FaultKind> {
        // In one process all roles are one Redis user, and that process is everything there is to kill.
        var impossible: Set<FaultKind> = layout == .one ? [.rightWithdrawn, .readsRefused] : []
        if !NetworkPartition.isPossible { impossible.insert(.partitionPrimary) }
        return FaultKind.possible(on: topology).intersection(kinds).subtracting(impossible)
    }
}
