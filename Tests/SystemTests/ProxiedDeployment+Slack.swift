import TestSupport

extension ProxiedDeployment {
    /// What else takes time: the longest time of a request that asks for nothing, at each port, while the work is done.
    func measuringEmptyRequests<Result: Sendable>(
        at roles: [String] = MuseumProcess.allRoles, _ work: () async throws -> Result
    ) async throws -> (result: Result, slack: Duration) {
        let isDone = LockedBox(false)
        async let slack = longestEmptyRequest(at: roles, until: isDone)
        let result: Result
        do {
            result = try await work()
        } catch {
            isDone.value = true
            throw error
        }
        isDone.value = true
        return (result, try await slack)
    }

    private func longestEmptyRequest(
        at roles: [String], until isDone: LockedBox<Bool>
    ) async throws -> Duration {
        try await withThrowingTaskGroup(of: Duration.self) { group in
            for visitor in roles.map(visitor) {
                group.addTask {
                    var longest = Duration.zero
                    while !isDone.value {
                        let start = ContinuousClock.now
                        _ = try? await visitor.get("/livez")
                        longest = max(longest, .now - start)
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    return longest
                }
            }
            return try await group.reduce(.zero) { max($0, $1) }
        }
    }
}
