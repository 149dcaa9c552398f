import Contracts
import Messaging
import Redis
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DeploymentSecretTests {
    private let server: RedisServer
    private let client: RedisClient
    private let key = "book:secret"

    init() async throws {
        server = try await RedisServer.start()
        client = try server.client()
    }

    private func secret(_ refreshEvery: Duration = .seconds(3)) -> DeploymentSecret {
        DeploymentSecret(client, refreshEvery: refreshEvery, logger: CapturedLogs().logger)
    }

    @Test func isMadeOnceByManyAtOnce() async throws {
        let secrets = (0..<8).map { _ in secret() }
        let found = try await withThrowingTaskGroup { group in
            for number in 0..<64 { group.addTask { try await secrets[number % 8].bytes() } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(found.count == 1 && found.first?.count == 32)
        let text = try await client.send("GET", key).asText()
        #expect(text.count == 64 && text.allSatisfy(\.isHexDigit))
        #expect(try await client.send("PTTL", key) == .integer(-1), "it stays")
    }

    /// A cached copy needs no command.
    @Test func isReadFromTheCopy() async throws {
        let secret = secret(.seconds(3600))
        let bytes = try await secret.bytes()
        server.kill()
        #expect(try await secret.bytes() == bytes)
    }

    @Test func aDeletedOneIsWrittenAgain() async throws {
        let (one, other) = (secret(), secret())
        let bytes = try await one.bytes()
        let text = try await client.send("GET", key)
        _ = try await client.send("DEL", key)
        #expect(try await one.refresh() == bytes)
        #expect(try await other.bytes() == bytes)
        #expect(try await client.send("GET", key) == text)
    }

    @Test func aRestoredOneIsFollowed() async throws {
        let secret = secret(.milliseconds(20))
        let running = Task { try await secret.run() }
        defer { running.cancel() }
        let first = try await secret.bytes()
        _ = try await client.send("SET", key, String(repeating: "0a", count: 32))
        try await eventually("the copy is as Redis has it") { try await secret.bytes() == Array(repeating: 10, count: 32) }
        #expect(first != Array(repeating: 10, count: 32))
    }

    @Test func withoutRedisThereIsNoSecret() async throws {
        let secret = secret()
        server.kill()
        let error = await #expect(throws: Failure.self) { try await secret.bytes() }
        guard case .storageUnavailable = error else { Issue.record("\(String(describing: error))"); return }
    }

    @Test(arguments: [
        "", "0a", String(repeating: "0", count: 63), String(repeating: "x", count: 64), "é" + String(repeating: "0", count: 63),
    ])
    func whatIsNoSecretIsRefused(_ text: String) async throws {
        _ = try await client.send("SET", key, text)
        let error = await #expect(throws: Failure.self) { try await secret().bytes() }
        guard case .internal(let what) = error else { Issue.record("\(String(describing: error))"); return }
        #expect(text.isEmpty || !what.contains(text), "it is not shown")
        #expect(try await client.send("GET", key) == .text(text), "and it stays for whoever mends it")
    }
}
