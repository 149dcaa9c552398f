import Foundation
import NIOCore
import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// A server that speaks TLS, and those that only seem to be it.
    struct TLSTests {
        private let authority: Authority
        private let port: Int

        init() async throws {
            authority = try await Authority.make()
            port = try FreePorts.take(1)[0]
        }

        private func start(for names: String = "DNS:localhost,IP:127.0.0.1", days: Int = 2, asks: Bool = false) async throws
            -> RedisServer
        {
            let signed = try await authority.sign(names, days: days)
            return try await RedisServer.start(RedisServer.tls(port: port, signed, by: authority, asks: asks))
        }

        private func client(_ address: String, options: RedisOptions = RedisOptions()) throws -> RedisClient {
            let endpoint = try RedisEndpoint(url: address)
            try endpoint.checkFiles()
            return RedisClient(endpoint, options: options)
        }

        @Test(arguments: ["localhost", "127.0.0.1"])
        func commandsScriptsAndBlockedReads(host: String) async throws {
            let server = try await start()
            _ = try await server.client(patient).send("ACL", "SETUSER", "kim", "on", ">p@ss", "~*", "+@all")
            let client = try client("rediss://kim:p%40ss@\(host):\(port)/2?ca=\(authority.certificate)", options: patient)
            #expect(try await client.send("ACL", "WHOAMI") == .text("kim"))
            let script = Script(name: "count", source: "#!lua\nreturn redis.call('INCR', KEYS[1])")
            let calls = await client.send([Command](repeating: Command(script, keys: ["count"], arguments: []), count: 50))
            #expect(calls == (1...50).map { .success(.integer($0)) })
            let connection = try await client.dedicatedConnection(for: "key")
            defer { connection.close() }
            async let popped = connection.send([Command("BLPOP", "list", "5")], blocking: .seconds(5))[0].get()
            try await eventually("it waits") { try await client.send("CLIENT", "LIST").asText().contains("cmd=blpop") }
            _ = try await client.send("RPUSH", "list", "한")
            #expect(try await popped == .array([.text("list"), .text("한")]))
            #expect(try await client.send("INFO", "server").asText().contains("tcp_port:\(server.port)"))
        }

        /// Records hold 16 KiB at most: replies that end before, on and after their edges, alone and many in one go.
        @Test func repliesOfEverySize() async throws {
            let server = try await start()
            let client = try client("rediss://localhost:\(port)?ca=\(authority.certificate)", options: patient)
            let sizes = [0, 1, 100, 16_370, 16_383, 16_384, 16_385, 32_768, 100_003, 1_000_000]
            let arguments = sizes.map { String(repeating: "x", count: $0) }
            for argument in arguments { #expect(try await client.send("ECHO", argument) == .text(argument)) }
            let results = await client.send(
                arguments.map { Command("ECHO", $0) } + arguments.map { Command("SET", "k\($0.utf8.count)", $0) })
            #expect(results.prefix(arguments.count) == arguments.map { .success(.text($0)) }[...])
            let keys = sizes.map { "k\($0)" }
            #expect(try await server.client(patient).send(Command(["MGET"] + keys)) == .array(arguments.map { .text($0) }))
        }

        @Test func theClientCertificateIsSentOnRequest() async throws {
            let server = try await start(asks: true)
            let own = try await authority.sign("DNS:book")
            let client = try client(
                "rediss://localhost:\(port)?ca=\(authority.certificate)&cert=\(own.certificate)&key=\(own.key)", options: patient)
            #expect(try await client.send("SET", "k", "v") == .text("OK"))
            // Mostly it is told why; where the server hangs up faster than it says so, only that it was closed.
            try await refused("rediss://localhost:\(port)?ca=\(authority.certificate)", ":", server)
        }

        /// Nothing is sent, nothing hangs, and one line says why.
        private func refused(_ address: String, _ why: String, _ server: RedisServer) async throws {
            let client = try client(address, options: RedisTests.options(commandTimeout: .seconds(1)))
            let before = try await server.client(patient).send("DBSIZE")
            for round in 1...2 {
                let watch = Stopwatch()
                let result = await client.send([Command("SET", "round\(round)", "v")])[0]
                guard case .failure(.unreachable(let message)) = result else { Issue.record("\(result)"); continue }
                #expect(message.contains(why) && message.contains(#/^(localhost|127\.0\.0\.1):/#), "\(message)")
                #expect(!message.contains("hunter2") && !message.contains("\n") && message.count < 200, "\(message)")
                #expect(watch.elapsed < .milliseconds(1700))
            }
            await #expect {
                try await client.dedicatedConnection(for: "key")
            } throws: {
                if case .unreachable(let message) = $0 as? RedisError { message.contains(why) } else { false }
            }
            #expect(try await server.client(patient).send("DBSIZE") == before)
        }

        @Test func aCertificateOfAnotherAuthorityIsRefused() async throws {
            let server = try await start()
            let other = try await Authority.make()
            try await refused(
                "rediss://kim:hunter2@localhost:\(port)?ca=\(other.certificate)", "not signed by a trusted authority", server)
            // The system's authorities haven't signed it either.
            try await refused("rediss://kim:hunter2@localhost:\(port)", "not signed by a trusted authority", server)
        }

        @Test(arguments: ["DNS:redis.example,IP:127.0.0.2", "DNS:*.localhost", "IP:127.0.0.2"])
        func forAnotherName(names: String) async throws {
            let server = try await start(for: names)
            for host in ["localhost", "127.0.0.1"] {
                let address = "rediss://kim:hunter2@\(host):\(port)?ca=\(authority.certificate)"
                try await refused(address, "another name", server)
            }
        }

        @Test func anExpiredCertificateIsRefused() async throws {
            let server = try await start(days: -1)
            try await refused("rediss://kim:hunter2@localhost:\(port)?ca=\(authority.certificate)", "is expired", server)
        }

        @Test func theOtherPort() async throws {
            let server = try await start()
            let ca = authority.certificate
            try await refused("rediss://:hunter2@localhost:\(server.port)?ca=\(ca)", "TLS on this port", server)
            try await refused("redis://:hunter2@localhost:\(port)", "rediss://", server)
        }

        @Test func aStoppedServerTimesOut() async throws {
            let server = try await start()
            let client = try client("rediss://localhost:\(port)?ca=\(authority.certificate)")
            try await eventually("all connections are made") { await isBack(client) }
            server.signal(SIGSTOP)
            for round in 1...2 * ProcessInfo.processInfo.processorCount {
                let watch = Stopwatch()
                let result = await client.send([Command("SET", "k", "v")])[0]
                guard case .failure(let error) = result else { Issue.record("\(result)"); continue }
                #expect(error.isTransient && watch.elapsed < .milliseconds(700), "\(round): \(error)")
            }
            server.signal(SIGCONT)
            try await soon("it works again", within: .seconds(1), with: [server.pid]) { await isBack(client) }
            server.kill()
            guard case .failure = await client.send([Command("PING")])[0] else { Issue.record("it is gone"); return }
        }

        @Test func aKilledConnectionIsReplaced() async throws {
            let server = try await start()
            let client = try client("rediss://localhost:\(port)?ca=\(authority.certificate)")
            try await eventually("all connections are made") { await isBack(client) }
            for _ in 1...3 {
                let killed = try await server.client().send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").asInteger()
                #expect(killed >= 1, "the fault has struck")
                try await soon("it works again", within: .seconds(1), with: [server.pid]) { await isBack(client) }
            }
        }

        private func isBack(_ client: RedisClient) async -> Bool {
            for _ in 0..<ProcessInfo.processInfo.processorCount {
                guard (try? await client.send("PING")) == .text("PONG") else { return false }
            }
            return true
        }

        @Test func unusableFilesAreNamed() async throws {
            let (one, two) = (try await authority.sign("DNS:one"), try await authority.sign("DNS:two"))
            for (query, named) in [
                ("ca=/nowhere/ca.pem", "/nowhere/ca.pem"), ("ca=\(one.key)", one.key), ("ca=/tmp", "/tmp"),
                ("ca=/dev/null", "/dev/null"),
                ("cert=/nowhere/c.pem&key=\(one.key)", "/nowhere/c.pem"), ("cert=\(one.certificate)&key=/dev/null", "/dev/null"),
                ("cert=\(one.certificate)&key=\(two.key)", "belong together"),
            ] {
                let endpoint = try RedisEndpoint(url: "rediss://kim:hunter2@localhost:\(port)?" + query)
                do {
                    try endpoint.checkFiles()
                    Issue.record("\(query) is taken")
                } catch {
                    #expect(error.description.contains(named) && !error.description.contains("hunter2"), "\(error)")
                    // Whoever doesn't check is told with the first command.
                    let hasty = RedisTests.options(commandTimeout: .milliseconds(500))
                    let result = await RedisClient(endpoint, options: hasty).send([Command("PING")])[0]
                    guard case .failure(.unreachable(let message)) = result else { Issue.record("\(result)"); continue }
                    #expect(message.contains(named) && !message.contains("hunter2"), "\(message)")
                }
            }
            try RedisEndpoint(url: "redis://localhost").checkFiles()
            try RedisEndpoint(url: "rediss://localhost").checkFiles()
        }
    }
}
