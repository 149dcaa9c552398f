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

    private struct State {
        var map: SlotMap?
        var pools: [RedisEndpoint.Address: ConnectionPool] = [:]
        var dedicated: [ObjectIdentifier: Dedicated] = [:]
    }

    /// A primary that the others can't reach may still be reached from here. So the map is read again while it is in use.
    private static let readEvery = TimeAmount.seconds(1)
    private static let pauseBetweenReads = TimeAmount.milliseconds(50)
    private static let answerWithin = TimeAmount.milliseconds(300)
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
        let result = await newestMap()
        let (changes, lost, unused) = state.withLock { state -> ([(String, String)], [RedisConnection], [ConnectionPool]) in
            guard case .success(let map) = result else { return ([], [], []) }
            let lost = state.dedicated.values.filter { map.owner(of: $0.slot) != $0.address }.map(\.connection)
            let changes = state.map.map { Self.changes(from: $0, to: map) } ?? []
            let kept = Set(map.primaries + endpoint.addresses)
            let unused = state.pools.keys.filter { !kept.contains($0) }.compactMap { state.pools.removeValue(forKey: $0) }
            state.map = map
            return (changes, lost, unused)
        }
        for connection in lost { connection.close() }
        for pool in unused { pool.close() }
        for (from, to) in changes { options.onPrimaryChange?("slots", from, to) }
        return result
    }

    /// Whose slots others have now, each pair once.
    private static func changes(from old: SlotMap, to new: SlotMap) -> [(String, String)] {
        var pairs: [String: String] = [:]
        for slot in 0..<HashSlot.count {
            guard let from = old.owner(of: slot), let to = new.owner(of: slot), from != to else { continue }
            pairs[from.description] = to.description
        }
        return pairs.map { ($0.key, $0.value) }
    }

    /// Of the nodes that are asked, the map of the latest configuration counts.
    private func newestMap() async -> Result<SlotMap, RedisError> {
        let primaries = state.withLock { $0.map?.primaries ?? [] }.shuffled()
        var nodes = Array(primaries.prefix(Self.askedAtOnce))
        for address in endpoint.addresses.shuffled() where nodes.count < Self.askedAtOnce && !nodes.contains(address) {
            nodes.append(address)
        }
        return await Versioned.newest(of: nodes) { await self.answer(of: $0) }.mapError {
            .unreachable("\(self.endpoint): \($0.reason)")
        }
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
            if let pool = state.pools[address] { return pool }
            let server = endpoint.server(at: address)
            let pool = ConnectionPool(to: server, longestPause: ConnectionSlot.failoverPause) { [options] in
                RedisConnection.connect(
                    to: server, options: options, within: RedisOptions.failoverConnectTimeout, on: $0)
            }
            state.pools[address] = pool
            return pool
        }
    }

    /// A connection of its own to the primary of a slot. It closes when another primary has the slot.
    func dedicated(for slot: Int) async throws(RedisError) -> RedisConnection {
        guard let address = try await map().owner(of: slot) else { throw .busy("CLUSTERDOWN no primary has the slot") }
        let connection: RedisConnection
        do {
            connection = try await RedisConnection.connect(
                to: endpoint.server(at: address), options: options, on: MultiThreadedEventLoopGroup.singleton.next()
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
        let (pools, dedicated) = state.withLock { state in (Array(state.pools.values), Array(state.dedicated.values)) }
        for pool in pools { pool.close() }
        for dedicated in dedicated { dedicated.connection.close() }
    }
}
