import Foundation
import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// Scripts are sent by name, and whole where the server doesn't know them.
    struct ScriptTests {
        private let script = Script(name: "count", source: "#!lua\nreturn { redis.call('INCR', KEYS[1]), ARGV[1] }")

        private func call(_ argument: String) -> Command { Command(script, keys: ["counter"], arguments: [argument]) }

        @Test func evalFollowsAScriptFlush() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            for round in 1...3 {
                #expect(try await client.send(call("한\r\n")) == .array([.integer(Int64(2 * round - 1)), .text("한\r\n")]))
                #expect(try await client.send(call("x")) == .array([.integer(Int64(2 * round)), .text("x")]))
                _ = try await client.send("SCRIPT", "FLUSH")
            }
            #expect(try await client.send("GET", "counter") == .text("6"), "each ran once")
            let stats = try await client.send("INFO", "commandstats").asText()
            #expect(stats.contains("cmdstat_evalsha:calls=6,"))
            #expect(stats.contains("cmdstat_eval:calls=3,"))
        }

        @Test func manyScriptsRunInOneBatch() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            let results = await client.send([call("a"), Command("ECHO", "between"), call("b"), Command("NONSENSE"), call("c")])
            #expect(results[0] == .success(.array([.integer(1), .text("a")])))
            #expect(results[1] == .success(.text("between")))
            #expect(results[2] == .success(.array([.integer(2), .text("b")])))
            #expect(results[4] == .success(.array([.integer(3), .text("c")])))
            guard case .failure(.server) = results[3] else { Issue.record("\(results[3])"); return }
        }

        /// A call by a name alone can't be said in another way; it must not disturb its neighbours.
        @Test func aNameWithoutASource() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            let unknown = Command("EVALSHA", String(repeating: "0", count: 40), "0")
            let connections = try await connectionsMade(client)
            #expect(await client.send([unknown]) == [.failure(.noScript)])
            let results = await client.send([unknown, call("a"), unknown, call("b")])
            #expect(
                results == [
                    .failure(.noScript), .success(.array([.integer(1), .text("a")])), .failure(.noScript),
                    .success(.array([.integer(2), .text("b")])),
                ])
            #expect(await client.sendOnce([]) == [])
            #expect(try await client.send("ECHO", "still in step") == .text("still in step"))
            #expect(try await connectionsMade(client) == connections, "none was given up")
        }

        private func connectionsMade(_ client: RedisClient) async throws -> String? {
            // One turn each, so that all are there.
            for _ in 0..<ProcessInfo.processInfo.processorCount { _ = try await client.send("PING") }
            let stats = try await client.send("INFO", "stats").asText()
            return stats.split(separator: "\r\n").first { $0.hasPrefix("total_connections_received:") }.map { String($0) }
        }

        @Test func aScriptThatFails() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            let broken = Script(name: "broken", source: "#!lua\nreturn redis.call('LPUSH', KEYS[1], 'x')")
            _ = try await client.send("SET", "text", "x")
            for _ in 1...2 {
                let result = await client.send([Command(broken, keys: ["text"], arguments: [])])[0]
                guard case .failure(.server(let message)) = result else { Issue.record("\(result)"); return }
                #expect(message.hasPrefix("WRONGTYPE"))
            }
        }

        /// `#!lua` scripts are refused whole when memory is out.
        @Test func outOfMemory() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            _ = try await client.send(call("a"))
            _ = try await client.send("CONFIG", "SET", "maxmemory", "1")
            for _ in 1...2 {
                let result = await client.send([call("b")])[0]
                guard case .failure(.refused(let message)) = result else { Issue.record("\(result)"); return }
                #expect(message.hasPrefix("OOM"))
            }
            _ = try await client.send("CONFIG", "SET", "maxmemory", "0")
            #expect(try await client.send(call("c")) == .array([.integer(2), .text("c")]))
        }
    }
}
