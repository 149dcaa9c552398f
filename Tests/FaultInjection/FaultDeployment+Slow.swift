import Contracts
import Redis
import Scripts
import TestSupport

/// Redis answers late, and every read must be answered by its deadline all the same (L4).
extension FaultDeployment {
    /// A process asks Redis itself within this; the gateway waits longer for a process behind it.
    private static let ownDeadline = Duration.milliseconds(2000)
    private static let gatewayDeadline = Duration.milliseconds(3000)
    /// What the contract allows beyond a deadline.
    private static let tolerance = Duration.milliseconds(100)

    private struct Read: Sendable {
        let url: String
        let path: String
        let deadline: Duration
    }

    func slowRedis(_ random: inout SeededRandom) async throws -> Int {
        for service in services { try await service.process.waitUntilReady(within: .seconds(60)) }
        try await addPartitions()
        let reads = try await readsOfEveryKind()
        let wires = services.compactMap(\.toRedis)
        let before = wires.reduce(0) { $0 + $1.counts.delayed }
        for wire in wires { wire.set(.late(random.milliseconds(100...240))) }
        defer { for wire in wires { wire.set(.forwarding) } }
        for _ in 0..<2 { try await probe(reads) }
        return wires.reduce(0) { $0 + $1.counts.delayed } - before
    }

    /// More partitions than hold anything: how many there are must not matter. They stay; every role serves them.
    private func addPartitions() async throws {
        let added = (2..<20).map(Partition.name)
        _ = try await client.send(Command(["SADD", Keys.partitions] + added))
        try await eventually("the added partitions are served", within: .seconds(20)) {
            for partition in added {
                let groups = await client.send([Command("XINFO", "GROUPS", Keys(partition: partition).events(of: "book"))])[0]
                guard case .success(let reply) = groups, try reply.asArray().count == 3 else { return false }
            }
            return true
        }
    }

    /// Each list and each single resource, at the gateway and on the port of its own role.
    private func readsOfEveryKind() async throws -> [Read] {
        var paths = [
            "museum": ["/museums", "/museums?status=DELETED", "/museums?hall=x&size=1"],
            "book": ["/books", "/books?status=ABORTED"],
            "confirm": ["/confirms", "/confirms?status=CANCELED"], "mypage": ["/myPages"],
        ]
        let keys = Keys(partition: "a")
        if let exhibition = try await first(of: keys.exhibitionsWithBookings) {
            paths["museum"]?.append("/museums/\(exhibition)")
            paths["book"]?.append("/books?museumId=\(exhibition)")
            paths["confirm"]?.append("/confirms?museumId=\(exhibition)")
            if let booking = try await first(of: keys.bookings(of: exhibition)) {
                paths["book"]?.append("/books/\(booking)")
                paths["confirm"]?.append("/confirms/\(booking)")
                paths["mypage"]?.append("/myPages/\(booking)")
            }
        }
        if let visitor = try await first(of: keys.visitors) { paths["mypage"]?.append("/myPages?visitor=\(visitor)") }
        let gatewayDeadline = setup.layout == .one ? Self.ownDeadline : Self.gatewayDeadline
        return services.flatMap { service in
            service.process.roles.flatMap { role in
                let asked = role == "gateway" ? paths.values.flatMap { $0 } : paths[role] ?? []
                return asked.sorted().map {
                    Read(
                        url: service.process.url(role), path: $0, deadline: role == "gateway" ? gatewayDeadline : Self.ownDeadline
                    )
                }
            }
        }
    }

    private func first(of key: String) async throws -> String? {
        try await client.send("ZRANGE", key, "0", "0").asTexts().first
    }

    /// Sends all reads at once.
    private func probe(_ reads: [Read]) async throws {
        let measured = try await MachinePace.measuring(beside: Visitor(gateway.process.url("gateway"))) {
            await withTaskGroup(of: (Read, Int?, Duration).self) { group in
                for read in reads {
                    group.addTask {
                        let start = ContinuousClock.now
                        let answer = try? await Visitor(read.url).send("GET", read.path, within: ClientWorkload.timeout)
                        return (read, answer?.status, .now - start)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        note("the slowest of \(reads.count) reads took \(measured.value.map(\.2).max() ?? .zero), slack \(measured.slack)")
        for (read, status, took) in measured.value {
            let name = "GET \(read.url)\(read.path)"
            let limit = read.deadline + Self.tolerance + measured.slack
            if took > limit { find(name, "was answered after \(took); its deadline and what the machine takes are \(limit)") }
            if ![200, 404, 502, 503, 504].contains(status) { find(name, "was answered \(status.map(String.init) ?? "nothing")") }
        }
    }
}
