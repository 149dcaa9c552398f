import Foundation
import TestSupport
import Testing

/// Proper requests with a few bytes changed, some thousands of them: no 500, no crash, no swelling, and the next proper
/// request is answered.
@Suite(.timeLimit(.minutes(2)))
struct FuzzTests {
    /// Another one with `FUZZ_SEED=…`.
    private static let seed = ProcessInfo.processInfo.environment["FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_261_125

    private static let requests: [[UInt8]] = [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /museums?size=5&from=2026-01-01&status=OPEN,CLOSED HTTP/1.1\r\nHost: localhost\r\nAccept: application/hal+json\r\n\r\n",
        "GET /books/a1-0123456789ab HTTP/1.1\r\nHost: localhost:8080\r\nX-Request-Id: abc\r\n\r\n",
        "HEAD /museums/a1 HTTP/1.0\r\n\r\n",
        "GET http://a/myPages?visitor=%ea%b9%80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: k1\r\nContent-Length: 45\r\n\r\n"
            + #"{"museumId":"a1","visitor":"kim","seats":"2"}"#,
        "POST /museums HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json;charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "1b\r\n" + #"{"hall":"A","capacity":"3","# + "\r\n14;x=y\r\n" + #""date":"2099-12-24"} "# + "\r\n0\r\nX: y\r\n\r\n",
        "PATCH /museums/a1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/merge-patch+json\r\nContent-Length: 30\r\n\r\n"
            + #"{"title":null,"hall":"B\u00e9"}"#,
        "DELETE /books/a1-0123456789ab HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "PUT /books/a1-0123456789ab HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n"
            + "Content-Length: 21\r\n\r\n" + #"{"status":"CANCELED"}"#,
        "GET /confirms HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ].map { Array($0.utf8) }

    private static func shown(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self).debugDescription }

    @Test func mutatedRequests() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(deployment.url("gateway"))
        _ = try await visitor.register(capacity: 100_000)
        var random = SeededRandom(seed: Self.seed)
        var counts: [Int: Int] = [:]
        let before = deployment.residentMemory
        for round in 0..<30 {
            let crowd = RawConnections()
            try crowd.join(100, port: deployment.ports["gateway"]!)
            var sent: [[UInt8]] = []
            for index in 0..<100 {
                var bytes: [UInt8] = []
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let request = Self.requests.randomElement(using: &random)!
                    bytes +=
                        Int.random(in: 0..<5, using: &random) == 0 ? request : random.mutated(request, splicing: Self.requests)
                }
                if bytes.isEmpty { bytes = [0x0D] }
                sent.append(bytes)
                crowd.sayLast(bytes, to: index)
            }
            do {
                try await crowd.turn(until: "all are done with", within: .seconds(30)) { $0.members.allSatisfy(\.isOver) }
            } catch {
                for (index, member) in crowd.members.enumerated() where !member.isOver {
                    Issue.record("seed \(Self.seed), round \(round), not over: \(Self.shown(sent[index])) \(member.text)")
                }
            }
            for (index, member) in crowd.members.enumerated() {
                for status in member.statuses { counts[status, default: 0] += 1 }
                #expect(
                    member.statuses.allSatisfy { $0 < 500 },
                    "seed \(Self.seed), round \(round), \(index): \(Self.shown(sent[index])) \(member.text)")
            }
            #expect(try await visitor.get("/museums").status == 200)
        }
        let grown = deployment.residentMemory - before
        print("3,000 connections, seed \(Self.seed): \(counts.sorted { $0.key < $1.key }), RSS grown by \(grown) KiB")
        #expect(counts.keys.count >= 6, "the mutations are too tame or too wild")
        #expect(grown < 100 << 10)
        #expect(!deployment.printed().contains(" bug "), "\(deployment.printed())")
        #expect(try await deployment.run("audit").code == 0)
    }
}
