import NIOCore
import NIOPosix
import Synchronization

/// The nodes of a cluster: connections to each, and the map of slots, read again when it may be out of date.
final class ClusterNodes: Sendable {
    private struct Dedicated {
        let slot: Int
        let address: RedisEndpoint.Address
        let connection: RedisConnection
    }

    private struct Node {
        let pool: ConnectionPool
        var usedAt: NIODeadline
    }

    private struct State {
        var map: SlotMap?
        /// Of the configuration that the map is of.
        var epoch = 0
        var nodes: [RedisEndpoint.Address: Node] = [:]
        var dedicated: [ObjectIdentifier: Dedicated] = [:]
    }

    /// A primary that the others can't reach may still be reached from here. So the map is read again while it is in use.
    private static let readEvery = TimeAmount.seconds(1)
    private static let pauseBetweenReads = TimeAmount.milliseconds(50)
    private static let answerWithin = TimeAmount.milliseconds(300)
    /// Connections to a node without slots are closed when no call can use them any more. While a slot is being moved to a new node,
    /// that has none yet.
    private static let closedAfter = TimeAmount.seconds(10)
    /// Most nodes that are asked for the map at once.
    private static let askedAtOnce = 5

    private let endpoint: RedisEndpoint
    private let options: RedisOptions
    private let reading = SingleFlight<SlotMap>()
    private let state = Mutex(State())

    init(_ endpoint: RedisEndpoint, options: RedisOptions) {
        self.endpoint = endpoint
        self.options = options
    }

    /// The map as it is known, or read for the first time.
    func map() async throws(RedisError) -> SlotMap {
        guard let map = state.withLock({ $0.map }) else { return try await reading.value { await self.readNow() } }
        reading.begin(unlessWithin: Self.readEvery) { await self.readNow() }
        return map
    }

    /// Reads the map again unless that has just been done.
    func readInBackground() { reading.begin(unlessWithin: Self.pauseBetweenReads) { await self.readNow() } }

    /// What MOVED tells.
    func moved(_ slot: Int, to address: RedisEndpoint.Address) {
        state.withLock { $0.map?.move(slot, to: address) }
        readInBackground()
    }

    private func readNow() async -> Result<SlotMap, RedisError> {
        let newest: Versioned<SlotMap>
        switch await newestMap() {
        case .success(let answer): newest = answer
        case .failure(let error): return .failure(.unreachable("\(endpoint): \(error.reason)"))
        }
        let map = newest.value
        let (former, lost, unused) = state.withLock { state -> (SlotMap?, [RedisConnection], [ConnectionPool]) in
            let lost = state.dedicated.values.filter { map.owner(of: $0.slot) != $0.address }.map(\.connection)
            let kept = Set(map.primaries + endpoint.addresses)
            let unused = state.nodes.filter { !kept.contains($0.key) && .now() - $0.value.usedAt > Self.closedAfter }
            for address in unused.keys { state.nodes[address] = nil }
            defer { (state.map, state.epoch) = (map, newest.epoch) }
            return (state.map, lost, unused.values.map(\.pool))
        }
        for connection in lost { connection.close() }
        for pool in unused { pool.close() }
        for change in former.map({ Self.changes(from: $0, to: map) }) ?? [] {
            options.onPrimaryChange?("slots", change.from.description, change.to.description)
        }
        return .success(map)
    }

    private struct Change: Hashable {
        let from: RedisEndpoint.Address
        let to: RedisEndpoint.Address
    }

    /// Whose slots others have now, each pair once.
    private static func changes(from old: SlotMap, to new: SlotMap) -> Set<Change> {
        var changes: Set<Change> = []
        for slot in 0..<HashSlot.count {
            guard let from = old.owner(of: slot), let to = new.owner(of: slot), from != to else { continue }
            changes.insert(Change(from: from, to: to))
        }
        return changes
    }

    /// Of the nodes that are asked, the map of the latest configuration counts.
    private func newestMap() async -> Result<Versioned<SlotMap>, RedisError> {
        let (primaries, known) = state.withLock { ($0.map?.primaries.shuffled() ?? [], $0.epoch) }
        var nodes = Array(primaries.prefix(Self.askedAtOnce))
        for address in endpoint.addresses.shuffled() where nodes.count < Self.askedAtOnce && !nodes.contains(address) {
            nodes.append(address)
        }
        return await Versioned.newest(of: nodes, since: known) { await self.answer(of: $0) }
    }

    private func answer(of address: RedisEndpoint.Address) async -> Result<Versioned<SlotMap>, RedisError> {
        do throws(RedisError) {
            let deadline = NIODeadline.now() + Self.answerWithin
            let connection = try await pool(of: address).connection(before: deadline)
            // A slow answer of a node does not close the connection that others use.
            let replies = await connection.send(
                [Command("CLUSTER", "INFO"), Command("CLUSTER", "SLOTS")], deadline: .now() + options.commandTimeout)
            let info = try replies[0].get().asText().split(whereSeparator: \.isNewline)
            let epoch = info.first { $0.hasPrefix("cluster_current_epoch:") }.flatMap { Int($0.split(separator: ":")[1]) }
            return .success(Versioned(value: try SlotMap(try replies[1].get(), of: address), epoch: epoch ?? 0))
        } catch {
            return .failure(error)
        }
    }

    /// The connections to a node that all share.
    func pool(of address: RedisEndpoint.Address) -> ConnectionPool {
        state.withLock { state in
            if let pool = state.nodes[address]?.pool {
                state.nodes[address]?.usedAt = .now()
                return pool
            }
            let server = endpoint.server(at: address)
            let pool = ConnectionPool(to: server, longestPause: ConnectionSlot.failoverPause) { [options] in
                RedisConnection.connect(
                    to: server, options: options, within: RedisOptions.failoverConnectTimeout, on: $0)
            }
            state.nodes[address] = Node(pool: pool, usedAt: .now())
            return pool
        }
    }

    /// A connection of its own to the primary of a slot. It closes when another primary has the slot.
    func dedicated(for slot: Int) async throws(RedisError) -> RedisConnection {
        guard let address = try await map().owner(of: slot) else { throw .busy("CLUSTERDOWN no primary has the slot") }
        let connection: RedisConnection
        do {
            connection = try await RedisConnection.connect(
                to: endpoint.server(at: address), options: options, within: RedisOptions.failoverConnectTimeout,
                on: MultiThreadedEventLoopGroup.singleton.next()
            ) { [weak self] in self?.follow($0, from: address) }.get()
        } catch {
            readInBackground()
            throw error as? RedisError ?? .unreachable("\(address): \(error)")
        }
        let id = ObjectIdentifier(connection)
        let isCurrent = state.withLock { state in
            guard state.map?.owner(of: slot) == address else { return false }
            state.dedicated[id] = Dedicated(slot: slot, address: address, connection: connection)
            return true
        }
        guard isCurrent else {
            connection.close()
            throw .unreachable("\(address) does not have the slot any more")
        }
        connection.whenClosed { [weak self] in
            self?.state.withLock { _ = $0.dedicated.removeValue(forKey: id) }
            self?.readInBackground()
        }
        return connection
    }

    private func follow(_ error: RedisError, from asked: RedisEndpoint.Address) {
        guard case .moved(let slot, let text) = error, let address = RedisEndpoint.Address(text, of: asked) else { return }
        moved(slot, to: address)
    }

    func close() {
        let (pools, dedicated) = state.withLock { state in (state.nodes.values.map(\.pool), Array(state.dedicated.values)) }
        for pool in pools { pool.close() }
        for dedicated in dedicated { dedicated.connection.close() }
    }
}
