import Chassis
import Foundation
import Redis
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct ForgetTests {
    /// A name that stands nowhere by chance.
    private static let name = "홍길동 forget-me"

    @Test func nothingHoldsTheNameAnyMore() async throws {
        let (redis, house, visitor) = try await open()
        let client = try redis.client()
        let (ids, exhibition, deleted) = try await history(visitor)
        _ = try await client.send(
            "XADD", "confirm:{a}:dead", "*", "eventId", "1-0", "room", "book", "eventType", "Strange", "visitor", Self.name)
        let settled = try await house.run("audit", "--wait", "20s")
        try #require(settled.code == 0, "\(settled.output)")
        #expect(try await holding(client).count > 5, "it stands in many places")
        let before = try await visitor.get("/museums/\(exhibition)").json["available"]?.integer

        let forgotten = try await house.run("forget", Self.name)
        #expect(forgotten.code == 0 && forgotten.output.contains("stay valid"), "\(forgotten.output)")
        #expect(try await holding(client) == [])
        let pseudonym = try await onePseudonym(ids, visitor)
        #expect(pseudonym.hasPrefix("forgotten-") && pseudonym.count == 18)
        #expect(forgotten.output.contains(pseudonym))
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == before, "seats still add up")
        let encoded = Self.name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        #expect(try await visitor.all("myPages", query: "visitor=\(encoded)").isEmpty)
        #expect(try await visitor.all("myPages", query: "visitor=\(pseudonym)").count == ids.count)

        // The key names a booking of somebody else's now.
        let again = try await visitor.book(exhibition, visitor: Self.name, seats: 2, key: "first")
        #expect(again.status == 422 && again.problem == "idempotency-mismatch")
        // A booking that stands can be cancelled, and what comes of it knows the pseudonym only.
        #expect(try await visitor.delete("/books/\(ids[1])").status == 200)
        for room in ["museum", "book", "confirm", "mypage"] { #expect(try await house.run("replay", room).code == 0) }
        let audit = try await house.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
        #expect(try await holding(client) == [])
        let rebuilt = try await house.run("rebuild", "mypage")
        #expect(rebuilt.code == 0 && !rebuilt.output.contains("repaired"), "\(rebuilt.output)")
        let nothing = try await house.run("forget", Self.name)
        #expect(nothing.code == 0 && nothing.output.contains("nothing names"), "\(nothing.output)")
        #expect(deleted != exhibition)
    }

    @Test func killedAnywhereItGoesOnUnderTheSamePseudonym() async throws {
        let (redis, house, visitor) = try await open()
        let client = try redis.client()
        let (ids, exhibition, _) = try await history(visitor)
        let traffic = Traffic(visitor: visitor, exhibitions: [exhibition], edited: exhibition)
        _ = try await traffic.during {
            let folder = try TemporaryFolder()
            for moment in ["book:{a}:\(ids[0])", "confirm:{a}:\(ids[1])", "mypage:{a}:\(ids[1])"] {
                let child = try ChildProcess(
                    MuseumProcess.program, ["forget", Self.name], environment: house.environment, folder: folder.url,
                    output: folder.url.appendingPathComponent("output"))
                try await eventually("\(moment) is renamed", within: .seconds(30), every: .milliseconds(1)) {
                    try await client.send("HGET", moment, "visitor") != .text(Self.name)
                }
                child.end()
            }
            let forgotten = try await house.run("forget", Self.name)
            #expect(forgotten.code == 0, "\(forgotten.output)")
        }
        #expect(try await holding(client) == [])
        _ = try await onePseudonym(ids, visitor)
        #expect(try await client.send("EXISTS", "museum:forgetting") == .integer(0), "nothing leads back")
        let audit = try await house.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }

    private func open() async throws -> (RedisServer, MuseumProcess, Visitor) {
        let redis = try await RedisServer.start()
        let house = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        return (redis, house, Visitor(house.url("gateway")))
    }

    /// Bookings that stand, that are cancelled, and whose exhibition is deleted.
    private func history(_ visitor: Visitor) async throws -> (ids: [String], exhibition: String, deleted: String) {
        let exhibition = try await visitor.register(capacity: 100_000)
        let deleted = try await visitor.register(capacity: 100)
        var ids: [String] = []
        for (place, key) in [(exhibition, "first"), (exhibition, "second"), (exhibition, "third"), (deleted, "fourth")] {
            let answer = try await visitor.book(place, visitor: Self.name, seats: 2, key: key)
            ids.append(try #require(answer.json["id"]?.text))
            _ = try await visitor.book(place, visitor: "kim")
        }
        _ = try await visitor.delete("/books/\(ids[2])")
        _ = try await visitor.delete("/museums/\(deleted)")
        return (ids, exhibition, deleted)
    }

    /// Every key in whose name or content the name stands.
    private func holding(_ client: RedisClient) async throws -> [String] {
        var found: [String] = []
        for key in try await client.send("KEYS", "*").asTexts() {
            let texts = [key] + (try await Everything.texts(of: key, client))
            if texts.contains(where: { $0.contains(Self.name) }) { found.append(key) }
        }
        return found
    }

    /// What bookings, admissions and pages all name.
    private func onePseudonym(_ ids: [String], _ visitor: Visitor) async throws -> String {
        var names: Set<String> = []
        for id in ids {
            for path in ["/books/", "/confirms/", "/myPages/"] {
                names.insert(try await visitor.get(path + id).json["visitor"]?.text ?? "none")
            }
        }
        #expect(names.count == 1, "\(names)")
        return names.first ?? ""
    }
}
