import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct RebuildTests {
    private static let streams = ["museum:{a}:events", "book:{a}:events", "confirm:{a}:events"]

    /// Rows wrong at the right version, lost, invented and strange, lists likewise: mended while bookings go on, be the streams
    /// whole or gone.
    @Test(arguments: [true, false])
    func corruptedRowsAreMendedUnderLoad(logIsWhole: Bool) async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(deployment.url("gateway"))
        let client = try redis.client()
        let exhibition = try await visitor.register(capacity: 100_000)
        let quiet = try await visitor.register(capacity: 100)
        let ids = try await book(60, exhibition, visitor)
        for id in ids.prefix(20) { _ = try await visitor.delete("/books/\(id)") }
        let settled = try await deployment.run("audit")
        try #require(settled.code == 0, "\(settled.output)")
        if !logIsWhole { for stream in Self.streams { _ = try await client.send("XTRIM", stream, "MAXLEN", "0") } }
        let before = try await client.hashes("mypage:*")

        let traffic = Traffic(visitor: visitor, exhibitions: [exhibition], edited: exhibition)
        let booked = try await traffic.during {
            try await corrupt(ids, quiet, client)
            let compared = try await deployment.run("rebuild", "mypage", "--dry-run")
            #expect(compared.code == 1 && compared.output.contains("7 differ"), "\(compared.output)")
            let rebuilt = try await deployment.run("rebuild", "mypage")
            #expect(rebuilt.code == 0 && rebuilt.output.contains("7 repaired"), "\(rebuilt.output)")
            let again = try await deployment.run("rebuild", "mypage")
            #expect(again.code == 0 && !again.output.contains("repaired"), "\(again.output)")
            let events = rebuilt.output.contains("from 0 events")
            #expect(!events, "something was heard meanwhile")
        }
        #expect(booked.count > 20)
        #expect(try await client.send("KEYS", "mypage:{a}:rebuild:*") == .array([]))
        let after = try await client.hashes("mypage:*")
        for (key, row) in before where !key.hasSuffix(":\(exhibition)") { #expect(after[key] == row, "\(key)") }
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }

    /// Seven things.
    private func corrupt(_ ids: [String], _ quiet: String, _ client: RedisClient) async throws {
        for command in [
            ["HSET", "mypage:{a}:\(ids[30])", "status", "CANCELED"],
            ["HSET", "mypage:{a}:\(ids[31])", "admissionVersion", "9", "admission", "CANCELED"],
            ["DEL", "mypage:{a}:\(ids[32])"],
            ["HSET", "mypage:{a}:\(quiet)-zzzzzzzzzzzz", "bookVersion", "4", "visitor", "kim", "status", "CANCELED"],
            ["HSET", "mypage:{a}:\(quiet)", "hall", "elsewhere"],
            ["ZADD", "mypage:{a}:visitor:visitor 1", "5", "\(quiet)-zzzzzzzzzzzz"],
            ["ZREM", "mypage:{a}:visitor:visitor 3", ids[3]],
        ] { _ = try await client.send(Command(command)) }
    }

    @Test func killedInTheMiddleItIsRunAgain() async throws {
        let (single, exhibition, ids) = try await settled()
        let (deployment, client) = (single.process, try single.redis.client())
        let before = try await client.hashes("mypage:*")
        for id in ids { _ = try await client.send("HSET", "mypage:{a}:\(id)", "status", "CANCELED") }

        var mended = 0
        for moment in ["building", "switching"] {
            let folder = try TemporaryFolder()
            let child = try ChildProcess(
                MuseumProcess.program, ["rebuild", "mypage"], environment: deployment.environment, folder: folder.url,
                output: folder.url.appendingPathComponent("output"))
            try await eventually("it is \(moment)", every: .milliseconds(1)) {
                if moment == "building" {
                    return try await client.send("EXISTS", "mypage:{a}:rebuild:visitors") == .integer(1)
                }
                return try await client.send("HGET", "mypage:{a}:\(ids[0])", "status") != .text("CANCELED")
            }
            child.end()
            #expect(try await client.send("KEYS", "mypage:{a}:rebuild:*").asArray().isEmpty == false, "it was in the middle")
            let rows = try await client.hashes("mypage:{a}:\(exhibition)-*")
            mended = rows.values.count { $0["status"] != "CANCELED" }
        }
        #expect(mended > 0)
        let rebuilt = try await deployment.run("rebuild", "mypage")
        #expect(rebuilt.code == 0, "\(rebuilt.output)")
        #expect(try await client.hashes("mypage:*") == before)
        #expect(try await client.send("KEYS", "mypage:{a}:rebuild:*") == .array([]))
    }

    /// A rebuild that has read a name before it was forgotten must not bring it back, however long it sleeps.
    @Test func aNameAnonymizedDuringRebuildStaysAnonymized() async throws {
        let (single, _, ids) = try await settled()
        let (deployment, visitor, client) = (single.process, single.visitor, try single.redis.client())

        let folder = try TemporaryFolder()
        func begin(_ arguments: String...) throws -> ChildProcess {
            try ChildProcess(
                MuseumProcess.program, arguments, environment: deployment.environment, folder: folder.url,
                output: folder.url.appendingPathComponent(arguments[0]))
        }
        let rebuild = try begin("rebuild", "mypage")
        try await eventually("it is building", every: .milliseconds(1)) {
            try await client.send("EXISTS", "mypage:{a}:rebuild:visitors") == .integer(1)
        }
        rebuild.signal(SIGSTOP)
        let forget = try begin("forget", "visitor 7")
        try await eventually("forget waits") { forget.printed().contains("waiting for 'rebuild'") }
        rebuild.signal(SIGCONT)
        #expect(try await rebuild.waitForExit(within: .seconds(60)) == 0, "\(rebuild.printed())")
        #expect(try await forget.waitForExit(within: .seconds(60)) == 0, "\(forget.printed())")
        #expect(try await visitor.get("/myPages/\(ids[7])").json["visitor"]?.text?.hasPrefix("forgotten-") == true)
        #expect(try await visitor.all("myPages", query: "visitor=visitor%207").isEmpty)
        let again = try await deployment.run("rebuild", "mypage")
        #expect(again.code == 0 && !again.output.contains("repaired"), "\(again.output)")
        let audit = try await deployment.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
    }

    @Test func anEmptiedStoreOfItsOwnIsFilled() async throws {
        let own = try await RedisServer.start()
        let single = try await SingleProcess.start(myPage: own)
        let (deployment, visitor) = (single.process, single.visitor)
        let exhibition = try await visitor.register(capacity: 100)
        let ids = try await book(30, exhibition, visitor)
        _ = try await visitor.delete("/books/\(ids[0])")
        let settled = try await deployment.run("audit")
        try #require(settled.code == 0, "\(settled.output)")
        let (common, store) = (try single.redis.client(), try own.client())
        for stream in Self.streams { _ = try await common.send("XTRIM", stream, "MAXLEN", "0") }
        let before = try await store.hashes()
        _ = try await store.send("FLUSHALL")

        let rebuilt = try await deployment.run("rebuild", "mypage")
        #expect(rebuilt.code == 0, "\(rebuilt.output)")
        #expect(try await store.hashes() == before)
        #expect(try await visitor.all("myPages").count == 30)
        let others = try await common.send("KEYS", "mypage:*").asTexts().filter { !$0.hasPrefix("mypage:{a}:progress:") }
        #expect(others.isEmpty, "nothing but copies of its progress lies on the common server")
    }

    /// A museum with 300 bookings that every service has applied.
    private func settled() async throws -> (SingleProcess, exhibition: String, ids: [String]) {
        let single = try await SingleProcess.start()
        let exhibition = try await single.visitor.register(capacity: 100_000)
        let ids = try await book(300, exhibition, single.visitor)
        let settled = try await single.process.run("audit")
        try #require(settled.code == 0, "\(settled.output)")
        return (single, exhibition, ids)
    }

    private func book(_ count: Int, _ exhibition: String, _ visitor: Visitor) async throws -> [String] {
        var ids: [String] = []
        for number in 0..<count {
            ids.append(try #require(try await visitor.book(exhibition, visitor: "visitor \(number)").json["id"]?.text))
        }
        return ids
    }
}
