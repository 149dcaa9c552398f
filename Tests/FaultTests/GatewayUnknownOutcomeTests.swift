import FaultInjection
import HTTPServer
import TestSupport
import Testing

/// Two Book processes behind the gateway: the replies of one are lost, the other refuses.
@Suite(.timeLimit(.minutes(2)))
struct GatewayUnknownOutcomeTests {
    @Test func aRefusalAfterAnUnansweredRequestLeavesTheOutcomeUnknown() async throws {
        var random = SeededRandom(seed: 1)
        let deployment = try await FaultDeployment.open(FaultSetup(layout: .services, kinds: []), random: &random)
        let exhibition = try await deployment.visitor.register(capacity: 100)
        let books = deployment.services.filter { $0.role == "book" }
        books[0].entrance.set(.losesReplies(oneIn: 1))
        try #require(books[1].toRedis).set(.halfOpen)

        var open: [String] = []
        var refused: [String] = []
        try await eventually("both have come first", within: .seconds(30)) {
            let visitor = "visitor-\(open.count + refused.count)"
            let answer = try await deployment.visitor.book(exhibition, visitor: visitor, key: visitor)
            #expect([502, 503, 504].contains(answer.status), "\(answer.status) \(answer.text)")
            if answer.status == 503 { refused.append(visitor) } else { open.append(visitor) }
            return open.count >= 3 && refused.count >= 1
        }
        #expect(books[0].entrance.counts.lost >= 3, "the fault took effect")

        try await deployment.heal()
        let booked = Set(try await deployment.visitor.all("books").compactMap { $0["visitor"]?.text })
        #expect(booked.isDisjoint(with: refused), "whoever was told no has nothing")
        #expect(!booked.isDisjoint(with: open), "some outcomes were unknown")
        for visitor in open {
            let answer = try await deployment.visitor.book(exhibition, visitor: visitor, key: visitor)
            #expect(answer.status == 201, "the same key tells: \(answer.text)")
        }
        await deployment.close()
    }
}
