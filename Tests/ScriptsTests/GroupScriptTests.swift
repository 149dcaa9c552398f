import Redis
import Scripts
import TestSupport
import Testing

extension AllScriptsTests {
    /// consumer_position, consumer_remove_idle, stream_trim: what is read and decided in one step.
    struct GroupScriptTests {
        private func position(_ fixture: ScriptFixture) async throws -> [String] {
            try await fixture.client.send(
                Command(ConsumerPosition(stream: fixture.museumEvents, group: "book"))
            ).asTexts()
        }

        @Test func positionIsThatOfTheGroup() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await position(fixture) == ["NO_GROUP"], "no stream")
            for id in 1...5 { _ = try await fixture.client.send("XADD", fixture.museumEvents, "\(id)-0", "f", "v") }
            #expect(try await position(fixture) == ["NO_GROUP"], "no group")
            _ = try await fixture.client.send("XGROUP", "CREATE", fixture.museumEvents, "other", "$")
            #expect(try await position(fixture) == ["NO_GROUP"], "another group")
            _ = try await fixture.client.send("XGROUP", "CREATE", fixture.museumEvents, "book", "0")
            #expect(try await position(fixture) == ["FOUND", "0-0", ""])
            _ = try await fixture.client.send(
                "XREADGROUP", "GROUP", "book", "one", "COUNT", "4", "STREAMS", fixture.museumEvents, ">")
            #expect(try await position(fixture) == ["FOUND", "4-0", "1-0"])
            _ = try await fixture.client.send("XACK", fixture.museumEvents, "book", "1-0", "3-0")
            #expect(try await position(fixture) == ["FOUND", "4-0", "2-0"])
            _ = try await fixture.client.send("XACK", fixture.museumEvents, "book", "2-0", "4-0")
            #expect(try await position(fixture) == ["FOUND", "4-0", ""])
        }

        private func consumers(_ fixture: ScriptFixture) async throws -> Set<String> {
            let reply = try await fixture.client.send("XINFO", "CONSUMERS", fixture.museumEvents, "book").asArray()
            return Set(try reply.map { try $0.asArray()[1].asText() })
        }

        private func removeIdle(_ fixture: ScriptFixture, after milliseconds: Int, limit: Int = 100) async throws -> [String] {
            try await fixture.client.run(
                ConsumerRemoveIdle(
                    stream: fixture.museumEvents, group: "book", consumer: "own", idle: milliseconds, limit: limit)
            ).sorted()
        }

        @Test func onlyWhoWillNotComeBackIsRemoved() async throws {
            let fixture = try await ScriptFixture()
            _ = try await fixture.client.send("XGROUP", "CREATE", fixture.museumEvents, "book", "0", "MKSTREAM")
            _ = try await fixture.client.send("XADD", fixture.museumEvents, "1-0", "f", "v")
            _ = try await fixture.client.send("XREADGROUP", "GROUP", "book", "busy", "STREAMS", fixture.museumEvents, ">")
            for name in ["own", "gone-1", "gone-2", "gone-3"] {
                _ = try await fixture.client.send("XGROUP", "CREATECONSUMER", fixture.museumEvents, "book", name)
            }
            #expect(try await removeIdle(fixture, after: 3_600_000) == [], "none has been idle for an hour")
            try await eventually("all have been idle") {
                let reply = try await fixture.client.send("XINFO", "CONSUMERS", fixture.museumEvents, "book").asArray()
                return try reply.allSatisfy { try $0.asArray()[5].asInteger() >= 30 }
            }
            #expect(try await removeIdle(fixture, after: 30, limit: 2).count == 2)
            #expect(try await removeIdle(fixture, after: 30).count == 1)
            #expect(try await consumers(fixture) == ["own", "busy"])
            _ = try await fixture.client.send("XACK", fixture.museumEvents, "book", "1-0")
            #expect(try await removeIdle(fixture, after: 0) == ["busy"])
            #expect(try await consumers(fixture) == ["own"])
        }

        private func trim(_ fixture: ScriptFixture, below id: String, limit: Int = 1000) async throws -> [Reply] {
            try await fixture.client.send(
                Command(
                    StreamTrim(in: fixture.keys, service: "museum", subscribers: ["book", "mypage"], below: id, limit: limit))
            ).asArray()
        }

        private func setProgress(_ fixture: ScriptFixture, _ id: String, of group: String) async throws {
            _ = try await fixture.client.send("SET", fixture.keys.progress(of: group, on: "museum"), id)
        }

        @Test func trimsBelowTheLowestProgressAndRetention() async throws {
            let fixture = try await ScriptFixture()
            _ = try await fixture.client.send("CONFIG", "SET", "stream-node-max-entries", "1")
            for id in 1...9 { _ = try await fixture.client.send("XADD", fixture.museumEvents, "\(id)-0", "f", "v") }
            #expect(try await trim(fixture, below: "9-0") == [.integer(0), .text("0-0")], "nobody has applied anything")
            try await setProgress(fixture, "8-0", of: "book")
            #expect(try await trim(fixture, below: "9-0") == [.integer(0), .text("0-0")], "mypage has applied nothing")
            try await setProgress(fixture, "nonsense", of: "mypage")
            #expect(try await trim(fixture, below: "9-0") == [.integer(0), .text("0-0")])
            try await setProgress(fixture, "3-0", of: "mypage")
            #expect(try await trim(fixture, below: "2-0") == [.integer(1), .text("2-0")], "retention")
            #expect(try await trim(fixture, below: "10-0") == [.integer(1), .text("3-0")], "as numbers, not as text")
            // Just below the lowest pending entry.
            try await setProgress(fixture, "6-18446744073709551615", of: "mypage")
            #expect(try await trim(fixture, below: "7-0", limit: 2) == [.integer(2), .text("6-18446744073709551615")])
            #expect(try await trim(fixture, below: "7-0", limit: 2) == [.integer(2), .text("6-18446744073709551615")])
            #expect(try await fixture.client.send("XLEN", fixture.museumEvents) == .integer(3))
        }
    }
}
