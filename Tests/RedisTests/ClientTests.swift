import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// The client on a healthy server.
    struct ClientTests {
        @Test func repliesMatchTheirCommands() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            let wrong = await withTaskGroup { group in
                for caller in 0..<200 {
                    group.addTask {
                        var wrong = 0
                        for round in 0..<10 {
                            let arguments = (0..<5).map { "\(caller)-\(round)-\($0)" }
                            let results = await client.send(arguments.map { Command("ECHO", $0) })
                            if results != arguments.map({ .success(.text($0)) }) { wrong += 1 }
                        }
                        return wrong
                    }
                }
                return await group.reduce(0) { $0 + $1 }
            }
            #expect(wrong == 0)
            #expect(await client.send([]) == [])
        }

        @Test func anErrorReplyFailsItsOwnCommandOnly() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            let results = await client.send([
                Command("SET", "k", "v"), Command("INCR", "k"), Command("NONSENSE"), Command("GET", "k"),
            ])
            #expect(results[0] == .success(.text("OK")))
            #expect(results[1] == .failure(.server("ERR value is not an integer or out of range")))
            guard case .failure(.server(let message)) = results[2] else { Issue.record("\(results[2])"); return }
            #expect(message.hasPrefix("ERR unknown command"))
            #expect(results[3] == .success(.text("v")))
        }

        @Test func connectionsHaveTheClientName() async throws {
            let server = try await RedisServer.start()
            var options = patient
            options.clientName = "test-name"
            #expect(try await server.client(options).send("CLIENT", "GETNAME") == .text("test-name"))
        }

        @Test func aClosedClientReconnects() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            #expect(try await client.send("PING") == .text("PONG"))
            client.close()
            try await eventually("it works again") { (try? await client.send("PING")) == .text("PONG") }
        }
    }
}
