import Foundation
import HTTPServer
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

    /// The streams' server is put back to an earlier moment, as by a failover to a replica that was behind.
    @Test func rowsOfLostEventsAreRemovedAndTheRestGoesOn() async throws {
        let own = try await RedisServer.start()
        let single = try await SingleProcess.start(myPage: own)
        let (deployment, visitor, redis) = (single.process, single.visitor, single.redis)
        let exhibition = try await visitor.register(capacity: 100)
        let first = try await visitor.book(exhibition, visitor: "first").json["id"]?.text ?? ""
        #expect(try await deployment.run("audit").code == 0)
        let data = redis.folder.url.appendingPathComponent("appendonlydir")
        let copy = redis.folder.url.appendingPathComponent("earlier")
        redis.kill()
        try FileManager.default.copyItem(at: data, to: copy)
        try await redis.launch()
        try await deployment.waitUntilReady()

        var lost: [String] = []
        for number in 0..<5 {
            lost.append(try await visitor.book(exhibition, visitor: "lost \(number)").json["id"]?.text ?? "")
        }
        _ = try await visitor.delete("/books/\(first)")
        let ahead = try await deployment.run("audit")
        #expect(ahead.code == 0, "\(ahead.output)")
        #expect(try await visitor.get("/myPages/\(lost[0])").status == 200)

        redis.kill()
        try FileManager.default.removeItem(at: data)
        try FileManager.default.moveItem(at: copy, to: data)
        try await redis.launch()
        try await eventually("the loss is noticed") {
            deployment.printed().contains("stream ends before the events that were applied")
        }
        try await eventually("the rows are rebuilt", within: .seconds(60)) {
            deployment.printed().contains("read model has been rebuilt")
        }
        for id in lost { #expect(try await visitor.get("/myPages/\(id)").status == 404) }
        #expect(try await visitor.get("/myPages/\(first)").json["status"]?.text == "REQUEST_COMPLETED")
        let metrics = try await Visitor(deployment.url("mypage")).get("/metrics").text
        #expect(!metrics.contains("skmuseum_streams_shortened_total{service=\"mypage\"} 0"))

        let later = try await visitor.book(exhibition, visitor: "later").json["id"]?.text ?? ""
        try await eventually("the next booking is shown") { try await visitor.get("/myPages/\(later)").status == 200 }
        let audit = try await deployment.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
    }
}
