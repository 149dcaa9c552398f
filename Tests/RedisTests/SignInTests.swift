import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// AUTH and SELECT come before anything else on each connection.
    struct SignInTests {
        private func client(
            _ server: RedisServer, _ signIn: String, database: Int = 0, options: RedisOptions = patient
        ) throws -> RedisClient {
            RedisClient(try RedisEndpoint(url: "redis://\(signIn)127.0.0.1:\(server.port)/\(database)"), options: options)
        }

        /// What a client that can't sign in is told, with the usual time-out: it tries again until then.
        private func refusal(_ server: RedisServer, _ signIn: String, database: Int = 0) async throws -> String {
            let client = try client(server, signIn, database: database, options: RedisOptions())
            var told = ""
            try await eventually("the server has said no") {
                guard case .failure(let error) = await client.send([Command("SET", "k", "v")])[0] else {
                    throw Failed("it has taken the command")
                }
                switch error {
                case .server(let message), .refused(let message): told = message
                default: break
                }
                return !told.isEmpty
            }
            return told
        }

        @Test func selectsTheDatabase() async throws {
            let server = try await RedisServer.start()
            let (zero, two) = (try client(server, ""), try client(server, "", database: 2))
            for number in 0..<8 { _ = try await two.send("SET", "k\(number)", "v") }
            #expect(try await zero.send("DBSIZE") == .integer(0))
            #expect(try await two.send("DBSIZE") == .integer(8))
            let socket = RedisClient(try RedisEndpoint(url: server.socketURL + "?db=2"), options: patient)
            #expect(try await socket.send("DBSIZE") == .integer(8))
        }

        @Test func anUnknownDatabaseIsAnError() async throws {
            let server = try await RedisServer.start()
            #expect(try await refusal(server, "", database: 99) == "ERR DB index is out of range")
        }

        @Test func withAPassword() async throws {
            let server = try await RedisServer.start()
            let admin = try server.client(patient)
            _ = try await admin.send("ACL", "SETUSER", "kim", "on", ">p@ss word", "~*", "+@all")
            _ = try await admin.send("CONFIG", "SET", "requirepass", "hunter2")

            let signed = try client(server, ":hunter2@")
            for _ in 0..<8 { #expect(try await signed.send("ACL", "WHOAMI") == .text("default")) }
            let named = try client(server, "kim:p%40ss%20word@", database: 1)
            for _ in 0..<8 { #expect(try await named.send("ACL", "WHOAMI") == .text("kim")) }
            // Made anew, a connection signs in anew.
            _ = await signed.send([Command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")])
            try await eventually("it is back") {
                (try? await signed.send("ACL", "WHOAMI")) == .text("default")
            }
        }

        @Test(arguments: [":wrong@", "kim:wrong@", "nobody:hunter2@"])
        func withAWrongPassword(_ signIn: String) async throws {
            let server = try await RedisServer.start()
            _ = try await (try server.client(patient)).send("CONFIG", "SET", "requirepass", "hunter2")
            let message = try await refusal(server, signIn)
            #expect(message.hasPrefix("WRONGPASS"))
            #expect(!message.contains("hunter2") && !message.contains("wrong@"))
            let right = try client(server, ":hunter2@")
            #expect(try await right.send("EXISTS", "k") == .integer(0))
        }

        @Test func withoutAPassword() async throws {
            let server = try await RedisServer.start()
            _ = try await (try server.client(patient)).send("CONFIG", "SET", "requirepass", "hunter2")
            let result = await (try client(server, "")).send([Command("SET", "k", "v")])[0]
            #expect(result == .failure(.refused("NOAUTH Authentication required.")))
        }
    }
}
