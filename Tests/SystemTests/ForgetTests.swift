import Contracts
import Crypto
import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct ForgetTests {
    /// A name that stands nowhere by chance.
    private static let name = "홍길동 forget-me"

    @Test func noKeyContainsTheName() async throws {
        let (redis, deployment, visitor) = try await open()
        let client = try redis.client()
        let (ids, exhibition, deleted) = try await history(visitor)
        _ = try await client.send(
            "XADD", "confirm:{a}:dead", "*", "eventId", "1-0", "service", "book", "eventType", "Strange", "visitor", Self.name)
        let settled = try await deployment.run("audit", "--wait", "20s")
        try #require(settled.code == 0, "\(settled.output)")
        #expect(try await holding(client).count > 5, "it stands in many places")
        let before = try await visitor.get("/museums/\(exhibition)").json["available"]?.integer

        let forgotten = try await deployment.run("forget", Self.name)
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
        for service in ["museum", "book", "confirm", "mypage"] { #expect(try await deployment.run("replay", service).code == 0) }
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
        #expect(try await holding(client) == [])
        let rebuilt = try await deployment.run("rebuild", "mypage")
        #expect(rebuilt.code == 0 && !rebuilt.output.contains("repaired"), "\(rebuilt.output)")
        let nothing = try await deployment.run("forget", Self.name)
        #expect(nothing.code == 0 && nothing.output.contains("nothing names"), "\(nothing.output)")
        #expect(deleted != exhibition)
    }

    @Test func killedAnywhereItGoesOnUnderTheSamePseudonym() async throws {
        let (redis, deployment, visitor) = try await open()
        let client = try redis.client()
        let (ids, exhibition, _) = try await history(visitor)
        let traffic = Traffic(visitor: visitor, exhibitions: [exhibition], edited: exhibition)
        _ = try await traffic.during {
            let folder = try TemporaryFolder()
            for moment in ["book:{a}:\(ids[0])", "confirm:{a}:\(ids[1])", "mypage:{a}:\(ids[1])"] {
                let child = try ChildProcess(
                    MuseumProcess.program, ["forget", Self.name], environment: deployment.environment, folder: folder.url,
                    output: folder.url.appendingPathComponent("output"))
                try await eventually("\(moment) is renamed", within: .seconds(30), every: .milliseconds(1)) {
                    try await client.send("HGET", moment, "visitor") != .text(Self.name)
                }
                child.end()
            }
            let forgotten = try await deployment.run("forget", Self.name)
            #expect(forgotten.code == 0, "\(forgotten.output)")
        }
        #expect(try await holding(client) == [])
        _ = try await onePseudonym(ids, visitor)
        #expect(try await client.send("EXISTS", "museum:forgetting") == .integer(0), "nothing leads back")
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }

    /// SIGINT, SIGTERM, a role that is down and a Redis that is gone, one after another; then to its end.
    @Test func stoppedItSaysWhatItHasDoneAndGoesOn() async throws {
        let deployment = try await TestDeployment.open(environment: ["PARTITIONS": "3"])
        let client = try deployment.redis.client()
        var exhibitions: [String] = []
        try await eventually("an exhibition in each partition", within: .seconds(30)) {
            exhibitions.append(try await deployment.visitor.register(capacity: 100_000))
            return Set(exhibitions.compactMap(\.first)) == ["a", "b", "c"]
        }
        var ids: [String] = []
        for exhibition in exhibitions {
            for key in ["first", "second"] {
                let answer = try await deployment.visitor.book(exhibition, visitor: Self.name, key: key)
                ids.append(try #require(answer.json["id"]?.text))
            }
        }
        let settled = try await deployment.audit()
        try #require(settled.code == 0, "\(settled.output)")
        // Confirm has yet to apply something, so that the first round can't end.
        deployment["confirm"].kill()
        #expect(try await deployment.visitor.delete("/books/\(ids[0])").status == 200)

        let folder = try TemporaryFolder()
        for (number, signal) in [SIGINT, SIGTERM, SIGHUP].enumerated() {
            let child = try ChildProcess(
                MuseumProcess.program, ["forget", Self.name], environment: deployment["book"].environment, folder: folder.url,
                output: folder.url.appendingPathComponent("\(number)"))
            try await eventually("it waits", within: .seconds(30)) { child.printed().contains("waiting") }
            child.signal(signal)
            #expect(try await child.waitForExit() == 1, "\(child.printed())")
            let said = try #require(child.printed().split(separator: "\n").last)
            #expect(said.contains("stopped by SIG") && said.contains("so far \(ids.count) bookings renamed"), "\(said)")
            #expect(said.contains("run this again"), "\(said)")
            #expect(try await client.send("HLEN", "museum:forgetting") == .integer(1), "one pseudonym for all runs")
        }
        let waited = try await deployment["book"].run("forget", Self.name, "--wait", "1s")
        #expect(waited.code == 1 && waited.output.contains("confirm is 1 events behind"), "\(waited.output)")
        #expect(waited.output.contains("so far \(ids.count) bookings renamed"), "\(waited.output)")

        let child = try ChildProcess(
            MuseumProcess.program, ["forget", Self.name], environment: deployment["book"].environment, folder: folder.url,
            output: folder.url.appendingPathComponent("gone"))
        try await eventually("it waits", within: .seconds(30)) { child.printed().contains("waiting") }
        deployment.redis.kill()
        #expect(try await child.waitForExit() == 1, "\(child.printed())")
        let said = try #require(child.printed().split(separator: "\n").last)
        #expect(said.contains("so far \(ids.count) bookings renamed") && said.contains("run this again"), "\(said)")

        try await deployment.redis.launch()
        try await deployment["confirm"].launch()
        let forgotten = try await deployment["book"].run("forget", Self.name)
        #expect(forgotten.code == 0, "\(forgotten.output)")
        #expect(
            forgotten.output.contains("\(ids.count) bookings are forgotten-"), "those of earlier runs count: \(forgotten.output)")
        #expect(try await holding(client) == [])
        _ = try await onePseudonym(ids, deployment.visitor)
        #expect(try await client.send("EXISTS", "museum:forgetting") == .integer(0), "nothing leads back")
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }

    /// Killed when all is done but the mark: the next run says what was done, not that there was nothing.
    @Test func killedAtTheEndItKnowsWhatWasDone() async throws {
        let (redis, deployment, visitor) = try await open()
        let client = try redis.client()
        let (ids, _, _) = try await history(visitor)
        #expect(try await deployment.run("forget", Self.name).code == 0)
        let pseudonym = try await onePseudonym(ids, visitor)
        // As it was before the last step.
        let secret = try await client.send("GET", "book:secret").asText()
        let mark = try Self.mark(of: Self.name, secret: secret)
        _ = try await client.send("HSET", "museum:forgetting", mark, pseudonym)
        let again = try await deployment.run("forget", Self.name)
        #expect(again.code == 0 && again.output.contains("\(ids.count) bookings are \(pseudonym)'s"), "\(again.output)")
        #expect(try await client.send("EXISTS", "museum:forgetting") == .integer(0))
        // And a name without any booking, whose run was stopped as well.
        _ = try await client.send("HSET", "museum:forgetting", try Self.mark(of: "nobody", secret: secret), "forgotten-0")
        let nobody = try await deployment.run("forget", "nobody")
        #expect(nobody.code == 0 && nobody.output.contains("nothing names nobody any more"), "\(nobody.output)")
    }

    /// A list of names, with known keys, can't be tried against ids and marks without the secret.
    @Test func pseudonymsCannotBeGuessed() async throws {
        let deployment = try await TestDeployment.open()
        let client = try deployment.redis.client()
        let exhibition = try await deployment.visitor.register(capacity: 100)
        let booked = try await deployment.visitor.book(exhibition, visitor: Self.name, key: "first")
        let id = try #require(booked.json["id"]?.text)
        let plain = Array(Self.name.utf8) + [0] + Array("first".utf8) + [0] + Array("0".utf8)
        let bits = SHA256.hash(data: plain).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(id != BookingID(exhibition: try #require(ExhibitionID(exhibition)), bits: bits).text)
        #expect(try await deployment.audit().code == 0)

        deployment["confirm"].kill()
        #expect(try await deployment.visitor.delete("/books/\(id)").status == 200)
        let stopped = try await deployment["book"].run("forget", Self.name, "--wait", "1s")
        #expect(stopped.code == 1, "\(stopped.output)")
        let marks = try await client.send("HKEYS", "museum:forgetting").asTexts()
        let secret = try await client.send("GET", "book:secret").asText()
        #expect(marks == [try Self.mark(of: Self.name, secret: secret)])
        let digest = SHA256.hash(data: Array(Self.name.utf8)).map { String(format: "%02x", $0) }.joined()
        #expect(!marks.contains(digest))
        // The secret itself goes nowhere else.
        for key in try await client.send("KEYS", "*").asTexts() where key != "book:secret" {
            #expect(try await !Everything.texts(of: key, client).contains { $0.contains(secret) }, "\(key)")
        }
        for role in MuseumProcess.allRoles { #expect(!deployment[role].printed().contains(secret)) }
        #expect(!stopped.output.contains(secret))
    }

    /// The mark under which a run that was stopped finds its pseudonym.
    private static func mark(of name: String, secret: String) throws -> String {
        let bytes = try stride(from: 0, to: 64, by: 2).map { place in
            let start = secret.index(secret.startIndex, offsetBy: place)
            return try #require(UInt8(secret[start..<secret.index(start, offsetBy: 2)], radix: 16))
        }
        return HMAC<SHA256>.authenticationCode(for: Array(name.utf8), using: SymmetricKey(data: bytes))
            .map { String(format: "%02x", $0) }.joined()
    }

    private func open() async throws -> (RedisServer, MuseumProcess, Visitor) {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        return (redis, deployment, Visitor(deployment.url("gateway")))
    }

    /// Bookings that stand, that are cancelled, and whose exhibition is deleted.
    private func history(_ visitor: Visitor) async throws -> (ids: [String], exhibition: String, deleted: String) {
        let exhibition = try await visitor.register(capacity: 100_000)
        let deleted = try await visitor.register(capacity: 100)
        return try await history(visitor, exhibition, deleted)
    }

    private func history(
        _ visitor: Visitor, _ exhibition: String, _ deleted: String
    ) async throws -> (ids: [String], exhibition: String, deleted: String) {
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
