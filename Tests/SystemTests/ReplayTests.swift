import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct ReplayTests {
    @Test func everyGroupSetBackChangesNothing() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 100)
        let deleted = try await visitor.register(capacity: 100)
        var ids: [String] = []
        for number in 0..<40 {
            let answer = try await visitor.book(number < 30 ? exhibition : deleted, visitor: "visitor \(number % 7)", seats: 2)
            ids.append(try #require(answer.json["id"]?.text))
        }
        for id in ids.prefix(10) { _ = try await visitor.delete("/books/\(id)") }
        _ = try await visitor.send("PATCH", "/museums/\(exhibition)", #"{"capacity":200,"title":null}"#)
        _ = try await visitor.delete("/museums/\(deleted)")
        let settled = try await deployment.audit()
        #expect(settled.code == 0, "\(settled.output)")

        let client = try deployment.redis.client()
        let before = try await client.hashes()
        #expect(before.count > 100)
        for (service, groups) in ["museum": ["book", "mypage"], "book": ["museum", "confirm", "mypage"], "confirm": ["mypage"]] {
            for group in groups { _ = try await client.send("XGROUP", "SETID", "\(service):{a}:events", group, "0") }
        }
        for service in ["museum", "book", "confirm", "mypage"] {
            let replay = try await deployment["book"].run("replay", service)
            #expect(replay.code == 0 && replay.output.contains("caught up"), "\(replay.output)")
        }
        #expect(try await client.hashes() == before)
    }

    @Test func deletingAnExhibitionWithFiveThousandBookings() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 5000)
        try await withThrowingTaskGroup { group in
            for lane in 0..<50 {
                group.addTask {
                    for number in 0..<100 {
                        let answer = try await visitor.book(exhibition, visitor: "\(lane)-\(number)")
                        #expect(answer.status == 201)
                    }
                }
            }
            try await group.waitForAll()
        }
        let settled = try await deployment.audit()
        #expect(settled.code == 0, "\(settled.output)")
        let client = try deployment.redis.client()
        deployment.redis.runFirst()
        _ = try await client.send("SLOWLOG", "RESET")

        #expect(try await visitor.delete("/museums/\(exhibition)").status == 202)
        try await eventually("all is force-canceled", within: .seconds(60), every: .milliseconds(500)) {
            let answer = try await visitor.get("/museums/\(exhibition)")
            guard answer.json["revoking"] == nil else { return false }
            return try await visitor.all("myPages").allSatisfy {
                $0["status"]?.text == "FORCE_CANCELED" && $0["admission"]?.text == "FORCE_CANCELED"
            }
        }
        for relation in ["books", "confirms"] {
            let all = try await visitor.all(relation)
            #expect(all.count == 5000 && all.allSatisfy { $0["status"]?.text == "FORCE_CANCELED" })
        }
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 5000)
        let slow = try await client.send("SLOWLOG", "GET", "10")
        #expect(slow == .array([]), "\(slow)")
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }

    private static let subscriptions = [
        "book": ["museum"], "museum": ["book"], "confirm": ["book"], "mypage": ["museum", "book", "confirm"],
    ]

    /// Three partitions, each with bookings, all applied.
    private func season() async throws -> (deployment: TestDeployment, exhibitions: [String], ids: [String]) {
        let deployment = try await TestDeployment.open(environment: ["PARTITIONS": "3"])
        var exhibitions: [String] = []
        try await eventually("an exhibition in each partition", within: .seconds(30)) {
            exhibitions.append(try await deployment.visitor.register(capacity: 100))
            return Set(exhibitions.compactMap(\.first)) == ["a", "b", "c"]
        }
        var ids: [String] = []
        for exhibition in exhibitions {
            for number in 0..<4 {
                let answer = try await deployment.visitor.book(exhibition, visitor: "visitor \(number)", seats: 2)
                ids.append(try #require(answer.json["id"]?.text))
            }
        }
        let settled = try await deployment.audit()
        try #require(settled.code == 0, "\(settled.output)")
        return (deployment, exhibitions, ids)
    }

    /// Where a group stands on all its streams.
    private func positions(of group: String, _ client: RedisClient) async throws -> [String] {
        var positions: [String] = []
        for partition in ["a", "b", "c"] {
            for service in Self.subscriptions[group] ?? [] {
                let stream = "\(service):{\(partition)}:events"
                for reply in try await client.send("XINFO", "GROUPS", stream).asArray() {
                    let pairs = try reply.asPairs()
                    guard pairs.contains(where: { $0.name == .text("name") && $0.value == .text(group) }) else { continue }
                    let delivered = try pairs.first { $0.name == .text("last-delivered-id") }?.value.asText()
                    positions.append("\(stream) at \(delivered ?? "")")
                }
            }
        }
        return positions
    }

    private func lastID(_ stream: String, _ client: RedisClient) async throws -> String {
        try await client.send("XREVRANGE", stream, "+", "-", "COUNT", "1").asArray()[0].asArray()[0].asText()
    }

    /// E1: an id past what the group has applied would skip events for good.
    @Test(arguments: ["confirm", "mypage", "book", "museum"])
    func aGroupIsNeverMovedForward(role: String) async throws {
        let (deployment, exhibitions, ids) = try await season()
        let client = try deployment.redis.client()
        deployment[role].kill()
        // Something that the role has yet to apply, in one partition only.
        let tag = "{\(exhibitions[0].prefix(1))}"
        if role == "book" {
            #expect(try await deployment.visitor.delete("/museums/\(exhibitions[0])").status == 202)
        } else {
            #expect(try await deployment.visitor.delete("/books/\(ids[0])").status == 200)
        }
        let before = try await positions(of: role, client)
        #expect(before.count == 3 * (Self.subscriptions[role] ?? []).count)
        let last = try await lastID("\(role == "book" ? "museum" : "book"):\(tag):events", client)
        for id in [last, "18446744073709551615-18446744073709551615", "18446744073709551615"] {
            let refused = try await deployment["gateway"].run("replay", role, "--from", id)
            #expect(refused.code == 1, "\(refused.output)")
            #expect(refused.output.contains(role) && refused.output.contains(":\(tag):events"), "\(refused.output)")
            #expect(refused.output.split(separator: "\n").count == 1, "\(refused.output)")
        }
        #expect(try await positions(of: role, client) == before, "nothing was moved, in no partition")
        try await deployment[role].launch()
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }

    @Test func anIDBeyondTheEndIsRefused() async throws {
        let (deployment, _, _) = try await season()
        let client = try deployment.redis.client()
        for role in ["confirm", "mypage", "book", "museum"] {
            let before = try await positions(of: role, client)
            let refused = try await deployment["gateway"].run("replay", role, "--from", "9000000000000")
            #expect(refused.code == 1 && refused.output.contains("beyond the end"), "\(refused.output)")
            for partition in ["a", "b", "c"] {
                let stream = "\(Self.subscriptions[role]?.last ?? ""):{\(partition)}:events"
                let last = try await lastID(stream, client)
                #expect(refused.output.contains("\(stream) ends at \(last)"), "\(refused.output)")
            }
            #expect(try await positions(of: role, client) == before)
        }
    }

    /// From the newest event of all on: only its stream has something to replay; the others are left alone.
    @Test func streamsThatEndBeforeTheIDAreLeftAlone() async throws {
        let (deployment, _, ids) = try await season()
        let client = try deployment.redis.client()
        let booking = try #require(ids.first { $0.hasPrefix("b") })
        #expect(try await deployment.visitor.delete("/books/\(booking)").status == 200)
        #expect(try await deployment.audit().code == 0)
        let before = try await client.hashes()
        let last = try await lastID("book:{b}:events", client)
        let positions = try await positions(of: "confirm", client)
        let replay = try await deployment["gateway"].run("replay", "confirm", "--from", last)
        #expect(replay.code == 0 && replay.output.contains("caught up: 1 events"), "\(replay.output)")
        #expect(try await self.positions(of: "confirm", client) == positions)
        #expect(try await client.hashes() == before)
    }

    @Test(arguments: ["", "5-", "-1", "+5", "5-+1", "0x5", "$", ">", "5-6-7", "18446744073709551616", "99999999999999999999"])
    func whatIsNoIDIsAWrongUsage(_ id: String) async throws {
        let redis = try await RedisServer.start()
        let process = try MuseumProcess(roles: ["confirm"], ports: [:], environment: ["REDIS_URL": redis.url])
        let refused = try await process.run("replay", "confirm", "--from=\(id)")
        #expect(refused.code == 64, "\(refused.output)")
    }

    @Test func withoutAGroupNothingIsMoved() async throws {
        let (deployment, _, _) = try await season()
        let client = try deployment.redis.client()
        deployment["mypage"].kill()
        _ = try await client.send("XGROUP", "DESTROY", "confirm:{c}:events", "mypage")
        let before = try await positions(of: "mypage", client)
        let refused = try await deployment["gateway"].run("replay", "mypage")
        #expect(refused.code == 1 && refused.output.contains("confirm:{c}:events"), "\(refused.output)")
        #expect(try await positions(of: "mypage", client) == before)
    }

    /// While a replay is under way, a second one may begin earlier, not later.
    @Test func twoReplaysAtOnce() async throws {
        let (deployment, _, _) = try await season()
        let client = try deployment.redis.client()
        let before = try await client.hashes()
        let last = try await lastID("book:{a}:events", client)
        // It would have caught up before anybody could look.
        deployment["confirm"].signal(SIGSTOP)
        let folder = try TemporaryFolder()
        let first = try ChildProcess(
            MuseumProcess.program, ["replay", "confirm"], environment: deployment["confirm"].environment, folder: folder.url,
            output: folder.url.appendingPathComponent("output"))
        try await eventually("all are set back") {
            try await positions(of: "confirm", client).allSatisfy { $0.hasSuffix(" at 0-0") }
        }
        let later = try await deployment["gateway"].run("replay", "confirm", "--from", last)
        #expect(later.code == 1 && later.output.contains("0-0"), "\(later.output)")
        #expect(try await positions(of: "confirm", client).allSatisfy { $0.hasSuffix(" at 0-0") })
        deployment["confirm"].signal(SIGCONT)
        let second = try await deployment["gateway"].run("replay", "confirm")
        #expect(second.code == 0, "\(second.output)")
        #expect(try await first.waitForExit(within: .seconds(60)) == 0, "\(first.printed())")
        #expect(try await client.hashes() == before)
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }
}
