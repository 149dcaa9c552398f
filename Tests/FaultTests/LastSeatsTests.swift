import FaultInjection
import HTTPServer
import TestSupport
import Testing

/// Many concurrent requests under one key for the last seats: they are one booking, and all get it.
@Suite(.timeLimit(.minutes(2)))
struct LastSeatsTests {
    @Test(arguments: FaultSetup.Layout.allCases)
    func oneKeyForTheLastSeats(_ layout: FaultSetup.Layout) async throws {
        var random = SeededRandom(seed: 1)
        let deployment = try await FaultDeployment.open(FaultSetup(layout: layout, kinds: []), random: &random)
        for round in 0..<20 {
            let exhibition = try await deployment.visitor.register(capacity: 3)
            let answers = try await withThrowingTaskGroup { group in
                for _ in 0..<16 {
                    group.addTask { try await deployment.visitor.book(exhibition, visitor: "kim", seats: 3, key: "key-\(round)") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 201 }, "\(answers.map(\.status))")
            #expect(Set(answers.map { $0.json["id"]?.text }).count == 1)
        }
        await deployment.close()
    }
}
