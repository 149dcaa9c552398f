import FaultInjection
import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// `POST /museums` with an Idempotency-Key: one exhibition, however often it is sent.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct KeyedRegistrationTests {
    private static let monet = #"{"title":"Monet","hall":"A hall","date":"2099-12-24","capacity":20}"#

    private func register(_ visitor: Visitor, _ body: String = monet, key: String) async throws -> Visitor.Answer {
        try await visitor.send("POST", "/museums", body, headers: ["Idempotency-Key": key])
    }

    private func count(_ visitor: Visitor) async throws -> Int {
        try await visitor.all("museums", query: "status=OPEN,CLOSED,DELETED").count
    }

    @Test(arguments: [false, true])
    func scenario(inFiveProcesses: Bool) async throws {
        try await audited(inFiveProcesses: inFiveProcesses, walk)
    }

    private func walk(_ visitor: Visitor) async throws {
        let first = try await register(visitor, key: "k-1")
        let id = try #require(first.json["id"]?.text)
        #expect(first.status == 201 && first.header("Idempotent-Replayed") == nil)
        // The same key in quotes, and the same fields in other words.
        for (body, key) in [
            (Self.monet, "k-1"), (Self.monet, "\"k-1\""),
            (#"{"capacity":"20","date":"2099-12-24","hall":" A hall ","title":"Monet","endTime":null}"#, "k-1"),
        ] {
            let again = try await register(visitor, body, key: key)
            #expect(again.status == 201 && again.header("Idempotent-Replayed") == "true", "\(again.text)")
            #expect(again.text == first.text && again.header("Location") == "/museums/\(id)")
        }
        for other in [
            Self.monet.replacing("20}", with: "21}"), Self.monet.replacing("12-24", with: "12-25"),
            Self.monet.replacing("A hall", with: "B hall"), Self.monet.replacing(#""title":"Monet","#, with: ""),
            Self.monet.replacing("20}", with: #"20,"startTime":"14:00"}"#),
        ] {
            let refused = try await register(visitor, other, key: "k-1")
            #expect(refused.status == 422 && refused.problem == "idempotency-mismatch", "\(refused.text)")
        }
        #expect(try await register(visitor, key: "k-2").json["id"]?.text != id)
        for key in ["", "a b", "\"\"", String(repeating: "k", count: 256)] {
            #expect(try await register(visitor, key: key).problem == "invalid-idempotency-key", "\(key)")
        }
        #expect(try await count(visitor) == 2)

        #expect(try await visitor.send("PATCH", "/museums/\(id)", #"{"capacity":30,"title":null}"#).status == 200)
        let edited = try await register(visitor, key: "k-1")
        #expect(edited.status == 201 && edited.json["capacity"]?.integer == 30 && edited.json["title"] == nil)
        #expect(edited.json["version"]?.integer == 2 && edited.header("Idempotent-Replayed") == "true")
        #expect(try await visitor.delete("/museums/\(id)").status == 202)
        let deleted = try await register(visitor, key: "k-1")
        #expect(deleted.status == 201 && deleted.json["id"]?.text == id && deleted.json["status"]?.text == "DELETED")
        #expect(try await count(visitor) == 2)
    }

    @Test func sixtyFourAtOnce() async throws {
        let deployment = try await TestDeployment.open(environment: ["PARTITIONS": "3"])
        let visitor = deployment.visitor
        let answers = try await withThrowingTaskGroup { group in
            for number in 0..<64 { group.addTask { try await register(visitor, key: "k-\(number % 2)") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 201 }, "\(answers.map(\.status))")
        #expect(Set(answers.map { $0.json["id"]?.text }).count == 2)
        #expect(answers.count { $0.header("Idempotent-Replayed") == nil } == 2)
        #expect(try await count(visitor) == 2)
    }

    /// A key finds its exhibition also where the partitions have become more, or fewer.
    @Test func overMorePartitions() async throws {
        let redis = try await RedisServer.start()
        var ids: [String: String] = [:]
        for (round, partitions) in ["1", "3", "2"].enumerated() {
            let deployment = try await MuseumProcess.start(
                ports: try MuseumProcess.freePorts(), redis: redis, environment: ["PARTITIONS": partitions])
            let visitor = Visitor(deployment.url("gateway"))
            for number in 0..<(round * 20 + 10) {
                let answer = try await register(visitor, key: "k-\(number)")
                let id = try #require(answer.json["id"]?.text)
                if let known = ids["k-\(number)"] { #expect(id == known) }
                ids["k-\(number)"] = id
            }
            #expect(try await count(visitor) == ids.count && Set(ids.values).count == ids.count)
            #expect(try await deployment.stop() == 0)
        }
        #expect(Set(ids.values.compactMap(\.first)) == ["a", "b", "c"], "keys are spread over partitions")
    }

    /// Museum's replies are lost after it has acted: the same key tells.
    @Test func aLostReplyOfMuseum() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let proxy = try await FaultProxy.open(to: try #require(deployment.ports["museum"]), seed: 1)
        let visitor = Visitor("http://127.0.0.1:\(proxy.port)")
        proxy.set(.losesReplies(oneIn: 1))
        await #expect(throws: (any Error).self) { try await register(visitor, key: "k-1") }
        #expect(proxy.counts.lost > 0, "the fault has struck")
        proxy.set(.forwarding)
        let again = try await register(visitor, key: "k-1")
        #expect(again.status == 201 && again.header("Idempotent-Replayed") == "true", "\(again.text)")
        #expect(try await count(Visitor(deployment.url("gateway"))) == 1)
        await proxy.close()
    }

    /// Redis' replies are lost: whatever was answered, the same key registers once.
    @Test func lostRepliesOfRedis() async throws {
        let redis = try await RedisServer.start()
        let proxy = try await FaultProxy.open(to: redis.port, seed: 2)
        let museum = try await MuseumProcess.start(
            ["museum"], ports: try MuseumProcess.freePorts(), redis: redis,
            environment: ["REDIS_URL": "redis://127.0.0.1:\(proxy.port)"])
        let visitor = Visitor(museum.url("museum"))
        proxy.set(.losesReplies(oneIn: 6))
        for number in 0..<8 {
            try await eventually("k-\(number) is registered", within: .seconds(30)) {
                let answer = try await register(visitor, key: "k-\(number)")
                #expect([201, 503, 504].contains(answer.status), "\(answer.status) \(answer.text)")
                return answer.status == 201
            }
        }
        #expect(proxy.counts.lost >= 3, "the fault has struck")
        proxy.set(.forwarding)
        #expect(try await redis.client().send("ZCARD", "museum:{a}:index") == .integer(8))
        await proxy.close()
    }

    /// Under a key the gateway sends a request on to another Museum; without one the outcome is open.
    @Test func theGatewayAsksAnotherMuseum() async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let silent = try await MuseumProcess.start(["museum"], ports: ports, redis: redis)
        let proxy = try await FaultProxy.open(to: try #require(silent.ports["museum"]), seed: 3)
        let other = try await MuseumProcess.start(["museum"], ports: try MuseumProcess.freePorts(), redis: redis)
        let gateway = try await MuseumProcess.start(
            ["gateway"], ports: ports, redis: redis,
            environment: ["MUSEUM_URL": "http://127.0.0.1:\(proxy.port),\(other.url("museum"))"])
        let visitor = Visitor(gateway.url("gateway"))
        proxy.set(.losesReplies(oneIn: 1))
        // The one that failed is left out for a second.
        var number = 0
        try await eventually("the fault has struck three times", within: .seconds(30), every: .milliseconds(50)) {
            number += 1
            let answer = try await register(visitor, key: "k-\(number)")
            #expect(answer.status == 201, "\(answer.text)")
            return proxy.counts.lost >= 3
        }
        try await eventually("the outcome of a request without a key is unknown", within: .seconds(30), every: .milliseconds(50))
        {
            let answer = try await visitor.send("POST", "/museums", Self.monet)
            #expect([201, 502].contains(answer.status), "\(answer.text)")
            return answer.status == 502
        }
        let keys = try await redis.client().send("HVALS", "museum:{a}:keys").asTexts()
        let registered = try await redis.client().send("KEYS", "museum:{a}:a*").asTexts()
        let keyed = try await withThrowingTaskGroup { group in
            for key in registered { group.addTask { try await redis.client().send("HGET", key, "idempotencyKey") } }
            return try await group.reduce(into: []) { if $1 != .null { $0.append($1) } }
        }
        #expect(keyed.count == keys.count, "each key has one exhibition")
        await proxy.close()
    }
}
