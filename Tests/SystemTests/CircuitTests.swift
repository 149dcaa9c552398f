import Foundation
import HTTPServer
import TestSupport
import Testing

/// Museum hangs: once the circuit is open, no booking waits for it.
@Suite(.timeLimit(.minutes(3)))
struct CircuitTests {
    @Test func bookingsDoNotWaitForAMuseumThatHangs() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 1000)
        let booking = try #require(try await visitor.book(exhibition, visitor: "kim").json["id"]?.text)
        try await eventually("its page is complete") { try await visitor.get("/confirms/\(booking)").status == 200 }
        deployment["museum"].signal(SIGSTOP)
        try await eventually("the circuit is open", within: .seconds(20)) {
            let start = ContinuousClock.now
            let answer = try await visitor.book(exhibition, visitor: "lee")
            return answer.status == 503 && .now - start < .milliseconds(200)
        }

        // Long enough for three trial calls. Each takes a second.
        let end = ContinuousClock.now + .seconds(5)
        while .now < end {
            let refused = try await MachinePace.measuring(beside: Visitor(deployment["confirm"].url("confirm"))) {
                try await visitor.book(exhibition, visitor: "park")
            }
            #expect(refused.value.status == 503 && refused.value.problem == "museum-unavailable")
            #expect(refused.value.header("Retry-After") == "1")
            #expect(refused.took < .milliseconds(50) + refused.slack, "\(refused.took)")
            for path in ["/books/\(booking)", "/confirms/\(booking)", "/myPages/\(booking)"] {
                #expect(try await visitor.get(path).status == 200)
            }
            try await Task.sleep(for: .milliseconds(20))
        }

        deployment["museum"].signal(SIGCONT)
        try await eventually("bookings again", within: .seconds(5)) {
            try await visitor.book(exhibition, visitor: "choi").status == 201
        }
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }
}
