import Redis

extension ClusterServers {
    /// Moves a partition's slot to another primary, while clients use it: the steps of `redis-cli --cluster reshard`.
    /// - Parameter pipeline: how many keys are moved by one MIGRATE.
    /// - Returns: how many keys were moved, and how long scripts that name new keys had to wait.
    @discardableResult
    public func migrate(_ partition: String, to target: RedisServer, pipeline: Int = 100) async throws -> (
        keys: Int, took: Duration
    ) {
        let slot = String(try await slot(of: partition))
        let source = try await primary(of: partition)
        guard source !== target else { throw Failed("\(target.host) has the slot of \(partition) already") }
        let (from, to) = (try await source.send("CLUSTER", "MYID").asText(), try await target.send("CLUSTER", "MYID").asText())
        _ = try await target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", from)
        let start = ContinuousClock.now
        _ = try await source.send("CLUSTER", "SETSLOT", slot, "MIGRATING", to)
        var count = 0
        while true {
            let keys = try await source.send("CLUSTER", "GETKEYSINSLOT", slot, String(pipeline)).asTexts()
            if keys.isEmpty { break }
            _ = try await source.send(
                ["MIGRATE", target.address, String(target.port), "", "0", "5000", "KEYS"] + keys)
            count += keys.count
        }
        // The target first: if it ended now, the slot would have no owner otherwise.
        for server in [target, source] { _ = try await server.send("CLUSTER", "SETSLOT", slot, "NODE", to) }
        let took = ContinuousClock.now - start
        for server in try await primaries() where server !== target && server !== source {
            _ = try await server.send("CLUSTER", "SETSLOT", slot, "NODE", to)
        }
        return (count, took)
    }
}
