import FaultInjection
import Foundation
import HTTPServer
import Redis
import Scripts
import TestSupport
import Testing

/// How soon the system recovers. Each bound is measured with a booking that is made, or left pending, at that time.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct LivenessTests {
    private static func open() async throws -> FaultDeployment {
        var random = SeededRandom(seed: 1)
        return try await FaultDeployment.open(FaultSetup(layout: .services, kinds: []), random: &random)
    }

    enum ConsumerFault: String, CaseIterable { case killed, stopped }

    /// L1: a dead consumer's pending events are claimed within 5 s.
    @Test(arguments: ConsumerFault.allCases)
    func anotherTakesOver(_ silence: ConsumerFault) async throws {
        let deployment = try await Self.open()
        let exhibition = try await deployment.visitor.register(capacity: 100)
        let keys = Keys(partition: String(exhibition.prefix { $0.isLetter }))
        let silent = try #require(deployment.services.first { $0.name == "confirm-1" })
        let other = try #require(deployment.services.first { $0.name == "confirm-2" })
        let toRedis = try #require(silent.toRedis)

        // Redis hands the cancel to the one that is there, and the reply never arrives.
        other.process.kill()
        var left: String?
        try await eventually("a cancel is in its hands", within: .seconds(30)) {
            let id = try #require(try await deployment.visitor.book(exhibition, visitor: "kim").json["id"]?.text)
            try await eventually("it is confirmed") {
                try await deployment.client.send("HGET", keys.admission(id), "status") == .text("CONFIRMED")
            }
            toRedis.set(.halfOpen)
            #expect(try await deployment.visitor.delete("/books/\(id)").status == 200)
            // Once a second it asks anew; what is asked in that moment is held back, too.
            let isPending = await deployment.happens(within: .milliseconds(500)) {
                let events = keys.events(of: "book")
                let last = try await deployment.client.send("XREVRANGE", events, "+", "-", "COUNT", "1").asArray()[0].asArray()[0]
                let pending = try await deployment.client.send("XPENDING", events, "confirm", "-", "+", "10", "confirm-1")
                    .asArray()
                return try pending.contains { try $0.asArray()[0] == last }
            }
            if isPending { left = id } else { toRedis.set(.forwarding) }
            return isPending
        }
        let id = try #require(left)
        let claimed = try await MachinePace.measuring(beside: deployment.visitor) {
            if silence == .killed { silent.process.kill() } else { silent.process.signal(SIGSTOP) }
            try other.process.begin()
            try await eventually("the admission follows", within: .seconds(30)) {
                try await deployment.client.send("HGET", keys.admission(id), "status") == .text("CANCELED")
            }
        }
        // The other one has first to start, too.
        #expect(claimed.took < .seconds(5) + claimed.slack, "\(claimed.took)")
        print("L1: claimed from a \(silence.rawValue) consumer after \(claimed.took)")
        await deployment.close()
    }

    /// L2: a change by an operator is repaired within a second, without help, and no event is skipped.
    @Test(arguments: [FaultKind.scriptFlush, .clientKill, .groupDestroyed])
    func anOperatorsHandHeals(_ kind: FaultKind) async throws {
        let deployment = try await Self.open()
        let exhibition = try await deployment.visitor.register(capacity: 100)
        let keys = Keys(partition: String(exhibition.prefix { $0.isLetter }))
        _ = try await deployment.visitor.book(exhibition, visitor: "the first")
        try await eventually("every group is there") {
            try await deployment.client.send("EXISTS", keys.progress(of: "mypage", on: "confirm")) == .integer(1)
        }
        var slowest = Duration.zero
        for round in 0..<5 {
            // A connection that is lost as soon as it is made is made again more slowly; that is another matter.
            try await eventually("all connections have lasted", within: .seconds(10)) {
                let list = try await deployment.client.send("CLIENT", "LIST").asText()
                let ages = list.matches(of: /name=skmuseum-\S* age=(\d+)/).compactMap { Int($0.1) }
                return ages.count > 20 && ages.allSatisfy { $0 >= 2 }
            }
            switch kind {
            case .scriptFlush: _ = try await deployment.client.send("SCRIPT", "FLUSH")
            case .clientKill: _ = try await deployment.client.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            default:
                for (service, group) in [("museum", "book"), ("book", "confirm"), ("book", "mypage"), ("confirm", "mypage")] {
                    _ = try await deployment.client.send("XGROUP", "DESTROY", keys.events(of: service), group)
                }
            }
            let healed = try await MachinePace.measuring(beside: deployment.visitor) {
                // A request that was under way when its connection was closed may be refused; the next is not.
                var id: String?
                try await eventually("a booking", every: .milliseconds(1)) {
                    let answer = try await deployment.visitor.book(exhibition, visitor: "visitor \(round)")
                    id = answer.json["id"]?.text
                    return answer.status == 201
                }
                try await eventually("its page", every: .milliseconds(2)) {
                    let page = try await deployment.visitor.get("/myPages/\(id ?? "")").json
                    return page["status"]?.text == "REQUEST_COMPLETED" && page["admission"]?.text == "CONFIRMED"
                }
            }
            #expect(healed.took < .seconds(1) + healed.slack, "\(healed.took)")
            slowest = max(slowest, healed.took)
        }
        print("L2: after \(kind.rawValue) a booking and its page took \(slowest) at most")
        let audit = try await deployment.audit(wait: "10s")
        #expect(audit.code == 0, "\(audit.output)")
        await deployment.close()
    }
}
