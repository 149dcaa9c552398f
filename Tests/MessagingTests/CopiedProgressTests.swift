import Contracts
import Redis
import TestSupport
import Testing

@testable import Messaging

/// A service with a store of its own leaves a copy of its progress beside the streams: by it the owners trim.
@Suite(.timeLimit(.minutes(2)))
struct CopiedProgressTests {
    private let events: RedisServer
    private let store: RedisServer
    private let stream = "confirm:{a}:events"
    private let key = "mypage:{a}:progress:confirm"

    init() async throws {
        events = try await RedisServer.start()
        store = try await RedisServer.start()
        for id in 1...9 { _ = try await events.client().send("XADD", stream, "\(id)-0", "eventType", "ConfirmCompleted") }
    }

    private func group(as user: RedisEndpoint? = nil) async throws -> ConsumerGroup {
        let client = if let user { RedisClient(user) } else { try events.client() }
        return ConsumerGroup(
            service: .mypage, partition: "a", consumer: "mypage-test",
            connection: try await client.dedicatedConnection(for: "key"),
            store: try await store.client().dedicatedConnection(for: "key"), hasOwnStore: true)
    }

    private func read(_ group: ConsumerGroup, count: Int) async throws -> [Entry] {
        try await group.readNew(
            acknowledging: [], relevant: Set(EventType.allCases), count: count, block: .milliseconds(1),
            on: try await events.client().dedicatedConnection(for: "key")
        ).entries
    }

    private func values() async throws -> [String?] {
        [
            try await store.client().send("GET", key).asOptionalText(),
            try await events.client().send("GET", key).asOptionalText(),
        ]
    }

    @Test func theCopyFollows() async throws {
        let group = try await group()
        try await group.prepare(after: AppliedEvents())
        #expect(try await values() == [nil, nil])
        let entries = try await read(group, count: 5)
        try await group.acknowledge(entries)
        try await group.recordProgress()
        #expect(try await values() == ["5-0", "5-0"])
    }

    @Test func anUnavailableStoreKeepsTheOldCopy() async throws {
        let group = try await group()
        try await group.prepare(after: AppliedEvents())
        try await group.acknowledge(try await read(group, count: 5))
        store.kill()
        await #expect(throws: RedisError.self) { try await group.recordProgress() }
        #expect(try await events.client().send("GET", key) == .null, "never ahead of the store")
    }

    @Test(arguments: ["3-0", nil])
    func anEarlierDaysStoreLowersTheCopyFirst(earlier: String?) async throws {
        let client = try events.client()
        for server in [events, store] { _ = try await server.client().send("SET", key, "9-0") }
        _ = try await client.send("XGROUP", "CREATE", stream, "mypage", "9-0")
        if let earlier {
            _ = try await store.client().send("SET", key, earlier)
        } else {
            _ = try await store.client().send("DEL", key)
        }
        // Who may not set the group back has lowered the copy all the same.
        _ = try await client.send("ACL", "SETUSER", "limited", "on", "nopass", "~*", "+@all", "-xgroup|setid")
        let limited = try await group(as: try RedisEndpoint(url: "redis://limited:x@127.0.0.1:\(events.port)"))
        await #expect(throws: RedisError.self) { try await limited.prepare(after: AppliedEvents()) }
        #expect(try await values() == [earlier, earlier ?? "0-0"])

        let group = try await group()
        try await group.prepare(after: AppliedEvents())
        let entries = try await read(group, count: 100)
        #expect(entries.count == (earlier == nil ? 9 : 6), "received again from there")
        try await group.acknowledge(entries)
        try await group.recordProgress()
        #expect(try await values() == ["9-0", "9-0"])
        try await group.prepare(after: AppliedEvents())
        #expect(try await values() == ["9-0", "9-0"], "nothing is lowered where nothing was lost")
    }
}
