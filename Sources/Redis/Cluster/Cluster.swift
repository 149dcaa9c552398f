import NIOCore

/// Redis Cluster: each command goes to the primary that has its key's slot, and follows where that has moved.
final class Cluster: Topology {
    /// A command that has no final reply yet.
    private struct Pending {
        let index: Int
        let command: Command
        /// `nil`: any primary.
        let slot: Int?
        /// Where MOVED or ASK has sent it.
        var redirection: (address: RedisEndpoint.Address, isAsking: Bool)?
    }

    /// What is sent to one node in one go.
    private struct NodeBatch {
        let address: RedisEndpoint.Address
        var commands: [Pending]
    }

    /// So many redirections are followed at once; further ones after a pause.
    private static let redirectionsAtOnce = 3

    private let nodes: ClusterNodes
    private let commandTimeout: TimeAmount
    private let retryTimeout: TimeAmount
    private let least: TimeAmount

    init(_ endpoint: RedisEndpoint, options: RedisOptions) {
        nodes = ClusterNodes(endpoint, options: options)
        commandTimeout = options.commandTimeout
        least = RedisConnection.leastTime(of: options.commandTimeout)
        retryTimeout = options.retryTimeout(of: endpoint.topology)
    }

    func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        let deadline = NIODeadline.now() + retryTimeout
        var results = [Result<Reply, RedisError>](
            repeating: .failure(.unreachable("no primary is known")), count: commands.count)
        var pending = Self.route(commands)
        let isTransaction = commands[0].beginsTransaction
        var attempt = 0
        while true {
            var again: [Pending] = []
            var batches: [NodeBatch] = []
            do throws(RedisError) {
                let map = try await nodes.map()
                for command in pending {
                    do throws(RedisError) {
                        Self.add(command, to: &batches, at: try Self.target(of: command, map))
                    } catch {
                        results[command.index] = .failure(error)
                        again.append(command)
                    }
                }
            } catch {
                for command in pending { results[command.index] = .failure(error) }
                again = pending
            }
            var isMapStale = !again.isEmpty
            for (batch, replies) in await send(batches, before: deadline) {
                for (command, reply) in zip(batch.commands, replies) {
                    results[command.index] = reply
                    if let next = follow(reply, of: command, from: batch.address, isMapStale: &isMapStale) { again.append(next) }
                }
            }
            if isMapStale { nodes.readInBackground() }
            if again.isEmpty { return results }
            // Nothing of a transaction is applied where part of it went to the wrong node.
            pending = isTransaction ? pending.map { Pending(index: $0.index, command: $0.command, slot: $0.slot) } : again
            pending.sort { $0.index < $1.index }
            attempt += 1
            let isAtOnce = attempt <= Self.redirectionsAtOnce && again.allSatisfy { $0.redirection != nil }
            let pause: Duration =
                isAtOnce ? .zero : Backoff.pause(attempt: attempt, from: .milliseconds(5), to: .milliseconds(100))
            guard NIODeadline.now() + TimeAmount(pause) + least < deadline, !Task.isCancelled else { return results }
            if !isAtOnce { try? await Task.sleep(for: pause) }
        }
    }

    /// A command without a key goes with its neighbor.
    private static func route(_ commands: [Command]) -> [Pending] {
        let slots = commands.map { $0.key.map(HashSlot.of) }
        var last = slots.first { $0 != nil } ?? nil
        return zip(commands.indices, zip(commands, slots)).map { index, pair in
            last = pair.1 ?? last
            return Pending(index: index, command: pair.0, slot: last)
        }
    }

    private static func target(of command: Pending, _ map: SlotMap) throws(RedisError) -> RedisEndpoint.Address {
        if let redirection = command.redirection { return redirection.address }
        guard let owner = command.slot.map({ map.owner(of: $0) }) ?? map.primaries.randomElement() else {
            throw .busy("CLUSTERDOWN no primary has the slot")
        }
        return owner
    }

    private static func add(_ command: Pending, to batches: inout [NodeBatch], at address: RedisEndpoint.Address) {
        if let place = batches.firstIndex(where: { $0.address == address }) {
            batches[place].commands.append(command)
        } else {
            batches.append(NodeBatch(address: address, commands: [command]))
        }
    }

    private func send(
        _ batches: [NodeBatch], before deadline: NIODeadline
    ) async -> [(NodeBatch, [Result<Reply, RedisError>])] {
        if batches.isEmpty { return [] }
        if batches.count == 1 { return [(batches[0], await send(batches[0], before: deadline))] }
        return await withTaskGroup(of: (NodeBatch, [Result<Reply, RedisError>]).self) { group in
            for batch in batches { group.addTask { (batch, await self.send(batch, before: deadline)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func send(_ batch: NodeBatch, before deadline: NIODeadline) async -> [Result<Reply, RedisError>] {
        let deadline = min(.now() + commandTimeout, deadline)
        do throws(RedisError) {
            let connection = try await nodes.pool(of: batch.address).connection(before: deadline)
            guard NIODeadline.now() + least < deadline else { throw .unreachable("\(batch.address): connected too late") }
            var commands: [Command] = []
            for command in batch.commands {
                if command.redirection?.isAsking ?? false { commands.append(Command("ASKING")) }
                commands.append(command.command)
            }
            var replies = await connection.send(commands, deadline: deadline)[...]
            return batch.commands.map { command in
                if command.redirection?.isAsking ?? false { replies.removeFirst() }
                return replies.removeFirst()
            }
        } catch {
            return batch.commands.map { _ in .failure(error) }
        }
    }

    /// The command as it is to be sent again, if it was certainly not applied and may be elsewhere or later.
    private func follow(
        _ reply: Result<Reply, RedisError>, of command: Pending, from address: RedisEndpoint.Address, isMapStale: inout Bool
    ) -> Pending? {
        var next = command
        next.redirection = nil
        guard case .failure(let error) = reply else { return nil }
        switch error {
        case .moved(let slot, let text):
            guard let target = RedisEndpoint.Address(text, of: address) else { return next }
            nodes.moved(slot, to: target)
            next.redirection = (target, false)
        case .ask(let text):
            guard let target = RedisEndpoint.Address(text, of: address) else { return next }
            next.redirection = (target, true)
        case .busy, .unreachable, .readOnly: isMapStale = true
        case .outcomeUnknown:
            isMapStale = true
            return nil
        default: return nil
        }
        return next
    }

    func dedicatedConnection(for key: String) async throws(RedisError) -> RedisConnection {
        try await nodes.dedicated(for: HashSlot.of(key))
    }

    func sendToEachPrimary(_ command: Command) async -> [(address: String, reply: Result<Reply, RedisError>)] {
        do throws(RedisError) {
            let primaries = try await nodes.map().primaries
            let batches = primaries.map { address in
                NodeBatch(address: address, commands: [Pending(index: 0, command: command, slot: nil)])
            }
            let replies = await send(batches, before: .now() + commandTimeout)
            if replies.contains(where: { if case .failure = $1[0] { true } else { false } }) { nodes.readInBackground() }
            return replies.map { ($0.address.description, $1[0]) }
        } catch {
            return [("cluster", .failure(error))]
        }
    }

    func close() { nodes.close() }
}
