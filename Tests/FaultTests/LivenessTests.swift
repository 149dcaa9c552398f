import Chassis
import Foundation
import Redis
import Scripts
import TestSupport
import Testing

/// How soon all is well again. Each figure is asked of a booking that is made, or left behind, at the very moment.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct LivenessTests {
    private static func open() async throws -> FaultHouse {
        var random = SeededRandom(seed: 1)
        return try await FaultHouse.open(FaultSetup(layout: .rooms, kinds: []), random: &random)
    }

    enum Silence: String, CaseIterable { case killed, stopped }

    /// L1: what a dead consumer has in hand is taken over within 5 s.
    @Test(arguments: Silence.allCases)
    func anotherTakesOver(_ silence: Silence) async throws {
        let house = try await Self.open()
        let exhibition = try await house.visitor.register(capacity: 100)
        let keys = Keys(partition: String(exhibition.prefix { $0.isLetter }))
        let silent = try #require(house.rooms.first { $0.name == "confirm-1" })
        let other = try #require(house.rooms.first { $0.name == "confirm-2" })

        // Redis hands the event to the one that is there, and the reply never arrives.
        other.process.kill()
        var left: String?
        try await eventually("something is in its hands", within: .seconds(30)) {
            silent.toRedis.set(.halfOpen)
            let id = try await house.visitor.book(exhibition, visitor: "kim").json["id"]?.text
            // Once a second it asks anew; what is asked in that moment is held back, too.
            let isPending = await house.happens(within: .milliseconds(500)) {
                let pending = try await house.client.send(
                    "XPENDING", keys.events(of: "book"), "confirm", "-", "+", "10", "confirm-1")
                return try pending.asArray().count >= 1
            }
            if isPending { left = id } else { silent.toRedis.set(.honest) }
            return isPending
        }
        let id = try #require(left)
        let start = ContinuousClock.now
        if silence == .killed { silent.process.kill() } else { silent.process.signal(SIGSTOP) }
        try other.process.begin()
        try await eventually("the admission is there", within: .seconds(10)) {
            try await house.client.send("HGET", keys.admission(id), "status") == .text("CONFIRMED")
        }
        let took = ContinuousClock.now - start
        #expect(took < .seconds(5), "\(took)")
        print("L1: taken over from a \(silence.rawValue) consumer after \(took)")
        await house.close()
    }

    /// L2: an operator's hand is healed within a second, by itself, and nothing is passed over.
    @Test(arguments: [FaultKind.scriptFlush, .clientKill, .groupDestroyed])
    func anOperatorsHandHeals(_ kind: FaultKind) async throws {
        let house = try await Self.open()
        let exhibition = try await house.visitor.register(capacity: 100)
        var slowest = Duration.zero
        for round in 0..<10 {
            switch kind {
            case .scriptFlush: _ = try await house.client.send("SCRIPT", "FLUSH")
            case .clientKill: _ = try await house.client.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            default:
                for partition in ["a", "b"] {
                    for (room, group) in [("museum", "book"), ("book", "confirm"), ("book", "mypage"), ("confirm", "mypage")] {
                        _ = try await house.client.send("XGROUP", "DESTROY", Keys(partition: partition).events(of: room), group)
                    }
                }
            }
            let start = ContinuousClock.now
            var id: String?
            // A request that was under way when its connection was closed may be refused; the next is not.
            try await eventually("a booking", within: .seconds(1), every: .milliseconds(1)) {
                let answer = try await house.visitor.book(exhibition, visitor: "visitor \(round)")
                id = answer.json["id"]?.text
                return answer.status == 201
            }
            try await eventually("its page", within: .seconds(5), every: .milliseconds(2)) {
                let page = try await house.visitor.get("/myPages/\(id ?? "")").json
                return page["status"]?.text == "REQUEST_COMPLETED" && page["admission"]?.text == "CONFIRMED"
            }
            slowest = max(slowest, .now - start)
        }
        #expect(slowest < .seconds(1), "\(slowest)")
        print("L2: after \(kind.rawValue) a booking and its page took \(slowest) at most")
        let audit = try await house.audit(wait: "10s")
        #expect(audit.code == 0, "\(audit.output)")
        await house.close()
    }
}
