import Redis
import Scripts
import TestSupport

/// Looks several times a second at what must hold at every instant: seats held and available are the capacity, none below zero.
struct InvariantMonitor: Sendable {
    let deployment: FaultDeployment

    init(_ deployment: FaultDeployment) { self.deployment = deployment }

    func run(until end: ContinuousClock.Instant) async throws -> [Violation] {
        var violations: Set<Violation> = []
        while .now < end {
            try await Task.sleep(for: .milliseconds(200))
            for partition in ["a", "b"] {
                let keys = Keys(partition: partition)
                // Redis may be away at any time; then there is nothing to see.
                guard let ids = try? await deployment.client.send("ZRANGE", keys.exhibitions, "0", "-1").asTexts() else {
                    continue
                }
                let looks = await deployment.client.send(
                    ids.map { Command("HMGET", keys.exhibition($0), "capacity", "available", "held") })
                for (id, look) in zip(ids, looks) {
                    guard case .success(let reply) = look, let numbers = try? reply.asTexts().compactMap({ Int($0) }),
                        numbers.count == 3
                    else { continue }
                    if numbers[1] + numbers[2] != numbers[0] || numbers[1] < 0 {
                        violations.insert(
                            Violation(booking: id, what: "at one instant capacity, available and held were \(numbers)"))
                    }
                }
            }
        }
        return Array(violations)
    }
}
