import Redis
import TestSupport
import Testing

/// MyPage on a Redis of its own.
@Suite(.timeLimit(.minutes(3)))
struct OwnStoreTests {
    @Test func rowsAreInTheOwnStoreAndAreRebuiltWhenItIsEmptied() async throws {
        let own = try await RedisServer.start()
        let single = try await SingleProcess.start(myPage: own)
        let (deployment, visitor) = (single.process, single.visitor)
        let exhibition = try await visitor.register(capacity: 100)
        for number in 0..<30 { #expect(try await visitor.book(exhibition, visitor: "visitor \(number % 4)").status == 201) }
        let settled = try await deployment.run("audit")
        #expect(settled.code == 0, "\(settled.output)")
        let (common, store) = (try single.redis.client(), try own.client())
        // Beside the streams there is only the copy of its progress, by which they are trimmed.
        let copies = ["museum", "book", "confirm"].map { "mypage:{a}:progress:\($0)" }
        #expect(Set(try await common.send("KEYS", "mypage:*").asTexts()) == Set(copies))
        let before = try await store.hashes("mypage:{a}:a1*")
        #expect(before.count == 31)

        // The store is put back to a day when it was empty; its progress went with it, so its groups go back, too.
        #expect(try await deployment.stop() == 0)
        _ = try await store.send("FLUSHALL")
        try await deployment.launch()
        try await eventually("the pages are back") { try await store.hashes("mypage:{a}:a1*") == before }
        let audit = try await deployment.run("audit")
        #expect(audit.code == 0, "\(audit.output)")

        // The same while it runs: whoever notices that the connection is gone looks at the store anew.
        _ = try await store.send("FLUSHALL")
        _ = try await store.send("CLIENT", "KILL", "LADDR", "127.0.0.1:\(own.port)")
        try await eventually("the pages are back again") { try await store.hashes("mypage:{a}:a1*") == before }
    }
}
