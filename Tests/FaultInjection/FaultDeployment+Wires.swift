import TestSupport

/// Faults of the network. What the proxies count says how often they injected.
extension FaultDeployment {
    private func some(_ random: inout SeededRandom) -> [FaultProxy] {
        let count = Int.random(in: 1...max(1, wires.count / 3), using: &random)
        return Array(wires.shuffled(using: &random).prefix(count))
    }

    func lateRequests(_ random: inout SeededRandom) async throws -> Int {
        let delay = random.milliseconds(20...4000)
        return try await moody(some(&random), .late(delay), for: random.milliseconds(300...2000), \.delayed)
    }

    func lostReplies(_ random: inout SeededRandom) async throws -> Int {
        try await moody(some(&random), .losesReplies(oneIn: 10), for: random.milliseconds(300...2000), \.lost)
    }

    func halfOpen(_ random: inout SeededRandom) async throws -> Int {
        try await moody(some(&random), .halfOpen, for: random.milliseconds(100...3000), \.held)
    }

    func cutConnections(_ random: inout SeededRandom) async throws -> Int {
        var count = 0
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            for wire in some(&random) { count += wire.cut() }
            try await Task.sleep(for: random.milliseconds(5...100))
        }
        return count
    }

    private func moody(
        _ wires: [FaultProxy], _ mode: FaultProxy.Mode, for span: Duration, _ counted: KeyPath<FaultProxy.FaultCounts, Int>
    ) async throws -> Int {
        try await troubling(if: wires.contains { $0 === gateway.entrance }) {
            let before = wires.map { $0.counts[keyPath: counted] }.reduce(0, +)
            for wire in wires { wire.set(mode) }
            try await Task.sleep(for: span)
            for wire in wires { wire.set(.forwarding) }
            return wires.map { $0.counts[keyPath: counted] }.reduce(0, +) - before
        }
    }
}
