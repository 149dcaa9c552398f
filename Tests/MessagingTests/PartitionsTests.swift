import Contracts
import Redis
import Scripts
import TestSupport
import Testing

@testable import Messaging

/// Which partitions a list reads.
@Suite struct PartitionsTests {
    @Test func listsAskRedis() async throws {
        let server = try await RedisServer.start()
        let client = try server.client()
        let partitions = Partitions(client)
        #expect(try await partitions.inUse() == [])
        _ = try await client.send("SADD", Keys.partitions, "b", "aa", "a")
        #expect(try await partitions.inUse() == ["a", "b", "aa"])
        // Another process brings one into use.
        _ = try await client.send("SADD", Keys.partitions, "c")
        #expect(try await partitions.inUse() == ["a", "b", "c", "aa"])

        server.kill()
        #expect(try await partitions.inUse() == ["a", "b", "c", "aa"], "those known, where Redis can't be asked")
        await #expect(throws: Failure.self) { try await Partitions(client).inUse() }
    }
}
