import Chassis
import Redis
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct ReplayTests {
    @Test func everyGroupSetBackChangesNothing() async throws {
        let house = try await House.open()
        let visitor = house.visitor
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
        let settled = try await house.audit()
        #expect(settled.code == 0, "\(settled.output)")

        let client = try house.redis.client()
        let before = try await client.hashes()
        #expect(before.count > 100)
        for (room, groups) in ["museum": ["book", "mypage"], "book": ["museum", "confirm", "mypage"], "confirm": ["mypage"]] {
            for group in groups { _ = try await client.send("XGROUP", "SETID", "\(room):{a}:events", group, "0") }
        }
        for room in ["museum", "book", "confirm", "mypage"] {
            let replay = try await house["book"].run("replay", room)
            #expect(replay.code == 0 && replay.output.contains("caught up"), "\(replay.output)")
        }
        #expect(try await client.hashes() == before)
    }

    @Test func deletingAnExhibitionWithFiveThousandBookings() async throws {
        let house = try await House.open()
        let visitor = house.visitor
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
        let settled = try await house.audit()
        #expect(settled.code == 0, "\(settled.output)")
        let client = try house.redis.client()
        house.redis.runFirst()
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
        let audit = try await house.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }
}
