import Foundation
import NIOCore
import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// A server that breaks off or sends malformed replies: the outcome is unknown, and no command gets the reply of another.
    struct BrokenReplyTests {
        /// Answers ECHO, but for the argument `fault`.
        private func server(_ fault: StubRedisServer.Answer, struck: LockedBox<Int>) throws -> StubRedisServer {
            try StubRedisServer { arguments in
                guard arguments.first == "ECHO" else { return StubRedisServer.Answer(bytes: "+OK\r\n") }
                if arguments[1] == "fault" {
                    struck.update { $0 += 1 }
                    return fault
                }
                return StubRedisServer.Answer(bytes: "$\(arguments[1].utf8.count)\r\n\(arguments[1])\r\n")
            }
        }

        static let faults = [
            StubRedisServer.Answer(bytes: "$5\r\nhel", after: .closes),
            StubRedisServer.Answer(bytes: "$5\r\nfault", after: .closes),
            StubRedisServer.Answer(bytes: "*2\r\n$1\r\na\r\n", after: .closes), StubRedisServer.Answer(bytes: "", after: .closes),
            StubRedisServer.Answer(bytes: "+OK", after: .closes),
            StubRedisServer.Answer(bytes: "HTTP/1.1 400 Bad Request\r\n\r\n"),
            StubRedisServer.Answer(bytes: ":12x\r\n"),
            // Nothing more comes: the deadline decides.
            StubRedisServer.Answer(bytes: "$5\r\nhel", after: .stalls),
        ]

        private static let nonsense = [5, 6]

        @Test(arguments: faults.indices)
        func outcomeUnknown(_ number: Int) async throws {
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
                    guard case .failure(.outcomeUnknown) = result else { Issue.record("\(result)"); continue }
                }
                #expect(struck.value == round, "the fault has struck once, and nothing was sent again")
                // Each connection's next command, and some more.
                for next in 0..<2 * ProcessInfo.processInfo.processorCount {
                    let argument = "next-\(round)-\(next)"
                    try await eventually("answered") {
                        switch await client.send([Command("ECHO", argument)])[0] {
                        case .success(let reply):
                            #expect(reply == .text(argument))
                            return true
                        case .failure(let error):
                            #expect(error.isTransient)
                            return false
                        }
                    }
                }
            }
        }

        @Test func aBrokenReplyFailsAllPendingCommands() async throws {
            let struck = LockedBox(0)
            let server = try server(StubRedisServer.Answer(bytes: "$5\r\nhel", after: .closes), struck: struck)
            let client = RedisClient(try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)"))
            let wrong = await withTaskGroup { group in
                for caller in 0..<200 {
                    group.addTask {
                        let argument = caller.isMultiple(of: 20) ? "fault" : "caller-\(caller)"
                        let result = await client.send([Command("ECHO", argument)])[0]
                        guard case .success(let reply) = result else { return 0 }
                        return reply == .text(argument) && argument != "fault" ? 0 : 1
                    }
                }
                return await group.reduce(0) { $0 + $1 }
            }
            #expect(wrong == 0)
            #expect(struck.value > 0, "the fault has struck")
        }
    }
}
