import NIOCore
import NIOPosix
import Synchronization

/// Asks Sentinels for the address of the primary, and connects to it. When they name another one, it closes every connection
/// to the former.
///
/// Source: the Redis documentation, "Guidelines for Redis clients with support for Redis Sentinel".
final class Sentinels: Sendable {
    private struct State {
        var primary: RedisEndpoint.Address?
        /// Of the failover that has made it primary.
        var epoch = 0
        var connections: [ObjectIdentifier: (address: RedisEndpoint.Address, connection: RedisConnection)] = [:]
    }

    /// A primary that can't be reached from the Sentinels may still be reached from here, and would lose what it is sent. So
    /// they are asked again while it is in use, not only to connect.
    private static let askEvery = TimeAmount.seconds(1)
    /// How long a Sentinel may take to answer.
    private static let answerWithin = TimeAmount.milliseconds(300)

    /// The URL that names the Sentinels.
    let endpoint: RedisEndpoint
    private let primary: String
    private let options: RedisOptions
    private let sentinels: [ConnectionSlot]
    private let asking = SingleFlight<RedisEndpoint.Address>()
    private let state = Mutex(State())

    init(_ endpoint: RedisEndpoint, primary: String, options: RedisOptions) {
        self.endpoint = endpoint
        self.primary = primary
        self.options = options
        var sentinelOptions = RedisOptions()
        sentinelOptions.commandTimeout = Self.answerWithin
        sentinelOptions.clientName = options.clientName
        sentinels = endpoint.addresses.map { [sentinelOptions] address in
            ConnectionSlot(
                to: endpoint.sentinel(at: address, isSignedIn: false), on: MultiThreadedEventLoopGroup.singleton.next(),
                longestPause: ConnectionSlot.failoverPause
            ) { Self.connect(to: address, of: endpoint, sentinelOptions, on: $0) }
        }
    }

    /// A Sentinel that requires a password gets that of the URL.
    private static func connect(
        to address: RedisEndpoint.Address, of endpoint: RedisEndpoint, _ options: RedisOptions, on eventLoop: any EventLoop
    ) -> EventLoopFuture<RedisConnection> {
        eventLoop.makeFutureWithTask {
            let plain = endpoint.sentinel(at: address, isSignedIn: false)
            let connection = try await RedisConnection.connect(to: plain, options: options, on: eventLoop).get()
            guard endpoint.password != nil, case .failure(.refused) = await connection.send([Command("PING")])[0] else {
                return connection
            }
            connection.close()
            let signedIn = endpoint.sentinel(at: address, isSignedIn: true)
            return try await RedisConnection.connect(to: signedIn, options: options, on: eventLoop).get()
        }
    }

    /// Connects to the primary that the Sentinels name now, and makes sure that it is one.
    func connect(on eventLoop: any EventLoop) -> EventLoopFuture<RedisConnection> {
        eventLoop.makeFutureWithTask { [self] in
            let address = try await asking.value { await self.askAll() }
            let connection = try await RedisConnection.connect(
                to: endpoint.server(at: address), options: options, within: RedisOptions.failoverConnectTimeout, on: eventLoop
            ).get()
            do throws(RedisError) {
                let role = await connection.send(
                    [Command("ROLE")], deadline: .now() + RedisOptions.failoverConnectTimeout)[0]
                guard try role.get().asArray().first == .text("master") else {
                    throw .busy("\(address) is not the primary of \(primary) yet")
                }
                try keep(connection, to: address)
            } catch {
                connection.close()
                switch error {
                case .busy, .refused, .unreachable: throw error
                // No command of a caller has been sent.
                default: throw RedisError.unreachable("\(address): \(error.reason)")
                }
            }
            return connection
        }
    }

    private func keep(_ connection: RedisConnection, to address: RedisEndpoint.Address) throws(RedisError) {
        let id = ObjectIdentifier(connection)
        let isCurrent = state.withLock { state in
            guard state.primary == address else { return false }
            state.connections[id] = (address, connection)
            return true
        }
        guard isCurrent else { throw .unreachable("\(address) is not the primary of \(primary) any more") }
        connection.whenClosed { self.state.withLock { _ = $0.connections.removeValue(forKey: id) } }
    }

    /// Asks again in the background if the last answer is a second old.
    func askAgainIfDue() {
        if state.withLock({ $0.primary }) != nil { asking.begin(unlessWithin: Self.askEvery) { await self.askAll() } }
    }

    /// The answer of the latest failover counts.
    private func askAll() async -> Result<RedisEndpoint.Address, RedisError> {
        let known = state.withLock { $0.epoch }
        let answer: Versioned<RedisEndpoint.Address>
        switch await Versioned.newest(of: Array(sentinels.indices), since: known, ask: { [self] in await self.answer(of: $0) }) {
        case .success(let newest): answer = newest
        case .failure(let error): return .failure(.unreachable("\(endpoint): \(error.reason)"))
        }
        let address = answer.value
        let (former, left) = state.withLock { state -> (RedisEndpoint.Address?, [RedisConnection]) in
            state.epoch = answer.epoch
            guard state.primary != address else { return (nil, []) }
            defer { state.primary = address }
            return (state.primary, state.connections.values.filter { $0.address != address }.map(\.connection))
        }
        for connection in left { connection.close() }
        if let former { options.onPrimaryChange?(primary, former.description, address.description) }
        return .success(address)
    }

    private func answer(of index: Int) async -> Result<Versioned<RedisEndpoint.Address>, RedisError> {
        let asked = endpoint.addresses[index]
        do throws(RedisError) {
            let connection = try await sentinels[index].connection(before: .now() + Self.answerWithin)
            // The address is the new primary's as soon as that has been promoted.
            let replies = await connection.send([
                Command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", primary), Command("SENTINEL", "MASTER", primary),
            ])
            let parts = try replies[0].get().asTexts()
            guard parts.count == 2, let port = Int(parts[1]),
                let address = RedisEndpoint.Address(host: parts[0], port: port, of: asked)
            else { return .failure(.unreachable("the Sentinel at \(asked) knows no primary \(primary)")) }
            return .success(Versioned(value: address, epoch: Int(try replies[1].get().asFields()["config-epoch"] ?? "") ?? 0))
        } catch {
            return .failure(error)
        }
    }

    func close() {
        for sentinel in sentinels { sentinel.close() }
        let connections = state.withLock { $0.connections.values.map(\.connection) }
        for connection in connections { connection.close() }
    }
}
