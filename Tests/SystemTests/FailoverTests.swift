import FaultInjection
import Foundation
import HTTPServer
import TestSupport
import Testing

/// SIGKILL of a primary while bookings flow (L3, D2, D3). Partitions need a network of their own; `scripts/faults` has one.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct FailoverTests {
    @Test(arguments: [FaultSetup.Topology.sentinel, .cluster], FaultSetup.Durability.allCases)
    func bookingsFlowAgain(_ topology: FaultSetup.Topology, _ durability: FaultSetup.Durability) async throws {
        let redis: any RedisGroup =
            switch topology {
            case .cluster: try await ClusterServers.start(replicas: durability == .replicated ? 2 : 1)
            default: try await SentinelServers.start()
            }
        defer { redis.kill() }
        let environment = durability == .local ? [:] : ["DURABILITY": durability.rawValue]
        let deployment = try await TestDeployment.open(on: redis, environment: environment)
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 1_000_000)
        let old = try await redis.primary(of: "a")

        let killed = LockedBox(ContinuousClock.now)
        let measured = try await MachinePace.measuring(beside: visitor) {
            try await BookingFlow(visitor, exhibition).during {
                try await eventually("bookings flow") { try await visitor.all("books").count > 50 }
                old.kill()
                killed.value = .now
                try await eventually("another one is primary", within: .seconds(30)) {
                    let primary = try? await redis.primary(of: "a")
                    return primary != nil && primary !== old
                }
                try await eventually("bookings flow again", within: .seconds(30)) {
                    try await visitor.book(exhibition, visitor: "the last").status == 201
                }
            }
        }
        let gap = try #require(measured.value.gap(after: killed.value), "no booking after the failover")
        print("L3: \(topology), \(durability): bookings again after \(gap), slack \(measured.slack)")
        #expect(gap < topology.promisedGap + measured.slack)

        try await redis.launch(old)
        try await redis.waitUntilHealthy(within: .seconds(60))
        let audit = try await deployment.audit(wait: "40s")
        #expect(audit.code == 0, "\(audit.output)")
        let kept = Set(try await visitor.all("books").compactMap { $0["id"]?.text })
        let lost = measured.value.booked.filter { !kept.contains($0.id) }
        print("\(topology), \(durability): \(lost.count) of \(measured.value.booked.count) acknowledged bookings lost")
        if durability == .replicated { #expect(lost.isEmpty) }
        // What was not on a replica yet was acknowledged just before.
        #expect(lost.allSatisfy { $0.asked < killed.value && $0.asked > killed.value - .seconds(3) })
    }
}
