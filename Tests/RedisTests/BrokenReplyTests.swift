import Foundation
import NIOCore
import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// A server that breaks off or talks nonsense: what was asked is in doubt, and nobody gets another's answer.
    struct BrokenReplyTests {
        /// Answers ECHO, but for the word `fault`.
        private func server(_ fault: FakeServer.Answer, struck: LockedBox<Int>) throws -> FakeServer {
            try FakeServer { words in
                guard words.first == "ECHO" else { return FakeServer.Answer(bytes: "+OK\r\n") }
                if words[1] == "fault" {
                    struck.update { $0 += 1 }
                    return fault
                }
                return FakeServer.Answer(bytes: "$\(words[1].utf8.count)\r\n\(words[1])\r\n")
            }
        }

        static let faults = [
            FakeServer.Answer(bytes: "$5\r\nhel", after: .closes), FakeServer.Answer(bytes: "$5\r\nfault", after: .closes),
            FakeServer.Answer(bytes: "*2\r\n$1\r\na\r\n", after: .closes), FakeServer.Answer(bytes: "", after: .closes),
            FakeServer.Answer(bytes: "+OK", after: .closes), FakeServer.Answer(bytes: "HTTP/1.1 400 Bad Request\r\n\r\n"),
            FakeServer.Answer(bytes: ":12x\r\n"),
            // Nothing more comes: the deadline decides.
            FakeServer.Answer(bytes: "$5\r\nhel", after: .fallsSilent),
        ]

        private static let nonsense = [5, 6]

        @Test(arguments: faults.indices)
        func inDoubt(_ number: Int) async throws {
            let struck = LockedBox(0)
            let server = try server(Self.faults[number], struck: struck)
            let client = RedisClient(
                try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)"), options: options(commandTimeout: .seconds(2)))
            for round in 1...3 {
                let results = await client.send(["one", "fault", "three"].map { Command("ECHO", $0) })
                // What was whole before stands, unless nonsense has come in one piece with it.
                let isNonsense = Self.nonsense.contains(number)
                #expect(results[0] == .success(.text("one")) || isNonsense)
                for result in isNonsense && results[0] != .success(.text("one")) ? results[...] : results[1...] {
                    guard case .failure(.inDoubt) = result else { Issue.record("\(result)"); continue }
                }
                #expect(struck.value == round, "the fault has struck once, and nothing was sent again")
                // Each connection's next command, and some more.
                for next in 0..<2 * ProcessInfo.processInfo.processorCount {
                    let word = "next-\(round)-\(next)"
                    try await eventually("answered") {
                        switch await client.send([Command("ECHO", word)])[0] {
                        case .success(let reply):
                            #expect(reply == .text(word))
                            return true
                        case .failure(let error):
                            #expect(error.isTransient)
                            return false
                        }
                    }
                }
            }
        }

        @Test func manyWaitBehindTheFault() async throws {
            let struck = LockedBox(0)
            let server = try server(FakeServer.Answer(bytes: "$5\r\nhel", after: .closes), struck: struck)
            let client = RedisClient(try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)"))
            let wrong = await withTaskGroup { group in
                for caller in 0..<200 {
                    group.addTask {
                        let word = caller.isMultiple(of: 20) ? "fault" : "caller-\(caller)"
                        let result = await client.send([Command("ECHO", word)])[0]
                        guard case .success(let reply) = result else { return 0 }
                        return reply == .text(word) && word != "fault" ? 0 : 1
                    }
                }
                return await group.reduce(0) { $0 + $1 }
            }
            #expect(wrong == 0)
            #expect(struck.value > 0, "the fault has struck")
        }
    }
}
