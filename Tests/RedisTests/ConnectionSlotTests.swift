import Foundation
import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// A client's connection slots when it is closed.
    struct ConnectionSlotTests {
        /// The server keeps signing in waiting until the client has been closed.
        @Test func closedWhileConnecting() async throws {
            let (greeted, isClosed) = (LockedBox(0), LockedBox(false))
            let server = try StubRedisServer { arguments in
                if arguments.first == "CLIENT" {
                    greeted.update { $0 += 1 }
                    while !isClosed.value { usleep(1000) }
                }
                return StubRedisServer.Answer(bytes: "+PONG\r\n")
            }
            defer { isClosed.value = true }
            let client = RedisClient(try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)"), options: patient)
            async let early = client.send([Command("PING")])
            try await eventually("it is connecting") { greeted.value == 1 }
            client.close()
            isClosed.value = true
            _ = await early
            client.close()
            try await eventually("no connection is left") { server.connections.value == 0 }
            // It can be used again.
            #expect(try await client.send("PING") == .text("PONG"))
            client.close()
            try await eventually("no connection is left") { server.connections.value == 0 }
        }

        /// The first attempt succeeds when a second one has begun: the second one's connection is the slot's.
        @Test func closedAndUsedAgainWhileConnecting() async throws {
            let (greeted, mayGoOn) = (LockedBox(0), LockedBox(false))
            let server = try StubRedisServer { arguments in
                if arguments.first == "CLIENT" {
                    greeted.update { $0 += 1 }
                    while !mayGoOn.value { usleep(1000) }
                }
                return StubRedisServer.Answer(bytes: "+PONG\r\n")
            }
            defer { mayGoOn.value = true }
            let client = RedisClient(try RedisEndpoint(url: "redis://127.0.0.1:\(server.port)"), options: patient)
            let slots = ProcessInfo.processInfo.processorCount
            await withTaskGroup { group in
                for round in 1...2 {
                    for _ in 0..<slots { group.addTask { _ = await client.send([Command("PING")]) } }
                    try? await eventually("every slot is connecting") { greeted.value == round * slots }
                    if round == 1 { client.close() }
                }
                mayGoOn.value = true
                await group.waitForAll()
            }
            try await eventually("one connection a slot is left") { server.connections.value <= slots }
            client.close()
            try await eventually("no connection is left") { server.connections.value == 0 }
        }
    }
}
