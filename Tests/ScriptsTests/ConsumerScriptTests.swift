import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// consumer_progress and consumer_leave: what a consumer group keeps in order.
    struct ConsumerScriptTests {
        private func progress(_ bench: Bench, _ id: String) async throws -> Bench.Answer {
            try await bench.run(Scripts.consumerProgress, [bench.keys.progress(of: "book", on: "museum")], [id])
        }

        @Test func progressIsNeverLowered() async throws {
            let bench = try await Bench()
            let key = bench.keys.progress(of: "book", on: "museum")
            for id in ["9-0", "9-1", "9-9", "9-10", "10-0", "1764000000000-3", "1764000000001-0"] {
                #expect(try await progress(bench, id).word == "WRITTEN", "\(id)")
                #expect(try await bench.client.send("GET", key) == .text(id))
            }
            for id in ["1764000000001-0", "1764000000000-99", "999999999999-5", "9-0", "0-1"] {
                try await bench.skips("BEHIND") { try await progress(bench, id) }
            }
            #expect(try await progress(bench, "1764000000001-18446744073709551615").word == "WRITTEN", "just below the next")
            #expect(try await progress(bench, "1764000000002-0").word == "WRITTEN")
        }

        private func leave(_ bench: Bench, _ consumer: String) async throws -> Bench.Answer {
            try await bench.run(Scripts.consumerLeave, [bench.museumEvents], ["book", consumer])
        }

        private func consumers(_ bench: Bench) async throws -> Set<String> {
            var names: Set<String> = []
            for consumer in try await bench.client.send("XINFO", "CONSUMERS", bench.museumEvents, "book").asArray() {
                names.insert(try consumer.asFieldsOfAnyKind()["name"] ?? "")
            }
            return names
        }

        @Test func leavesOnlyWithNothingPending() async throws {
            let bench = try await Bench()
            _ = try await bench.client.send("XGROUP", "CREATE", bench.museumEvents, "book", "0", "MKSTREAM")
            let id = try await bench.client.send("XADD", bench.museumEvents, "*", "f", "v").asText()
            _ = try await bench.client.send("XREADGROUP", "GROUP", "book", "one", "STREAMS", bench.museumEvents, ">")
            _ = try await bench.client.send("XGROUP", "CREATECONSUMER", bench.museumEvents, "book", "two")

            try await bench.skips("PENDING") { try await leave(bench, "one") }
            #expect(try await consumers(bench) == ["one", "two"])
            #expect(try await leave(bench, "two").word == "LEFT")
            #expect(try await consumers(bench) == ["one"], "what is pending for another keeps nobody")
            _ = try await bench.client.send("XACK", bench.museumEvents, "book", id)
            #expect(try await leave(bench, "one").word == "LEFT")
            #expect(try await consumers(bench) == [])
            #expect(try await leave(bench, "one").word == "LEFT")
        }

        @Test func aLostGroupIsToldApart() async throws {
            let bench = try await Bench()
            let error = await #expect(throws: RedisError.self) { try await leave(bench, "one") }
            guard case .noGroup = error else { Issue.record("\(String(describing: error))"); return }
        }
    }
}

extension Reply {
    /// Names and values of which some are numbers.
    fileprivate func asFieldsOfAnyKind() throws(RedisError) -> [String: String] {
        var fields: [String: String] = [:]
        for (name, value) in try asPairs() { if case .text(let text) = value { fields[try name.asText()] = text } }
        return fields
    }
}
