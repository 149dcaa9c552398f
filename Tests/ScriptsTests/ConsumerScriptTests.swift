import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// consumer_progress, consumer_set_back and consumer_leave: what a consumer group keeps in order.
    struct ConsumerScriptTests {
        private func progress(_ fixture: ScriptFixture, _ id: String) async throws -> ScriptFixture.Answer {
            try await fixture.run(ConsumerProgress(in: fixture.keys, group: "book", service: "museum", id: id))
        }

        @Test func progressIsNeverLowered() async throws {
            let fixture = try await ScriptFixture()
            let key = fixture.keys.progress(of: "book", on: "museum")
            for id in ["9-0", "9-1", "9-9", "9-10", "10-0", "1764000000000-3", "1764000000001-0"] {
                #expect(try await progress(fixture, id).word == "WRITTEN", "\(id)")
                #expect(try await fixture.client.send("GET", key) == .text(id))
            }
            for id in ["1764000000001-0", "1764000000000-99", "999999999999-5", "9-0", "0-1"] {
                try await fixture.skips("BEHIND") { try await progress(fixture, id) }
            }
            #expect(try await progress(fixture, "1764000000001-18446744073709551615").word == "WRITTEN", "just below the next")
            #expect(try await progress(fixture, "1764000000002-0").word == "WRITTEN")
        }

        private func setBack(_ fixture: ScriptFixture, from first: String, below previous: String, isSet: Bool = true)
            async throws
            -> [String]
        {
            let answer = try await fixture.run(
                ConsumerSetBack(
                    stream: fixture.museumEvents, group: "book", first: first, previous: previous, isSetBack: isSet))
            return try [answer.word] + answer.rest.map { reply throws(RedisError) in try reply.asText() }
        }

        private func delivered(_ fixture: ScriptFixture) async throws -> String? {
            let groups = try await fixture.client.send("XINFO", "GROUPS", fixture.museumEvents).asArray()
            return try groups.first?.asFieldsOfAnyKind()["last-delivered-id"]
        }

        /// Entries 10-0 to 15-0, of which the group has read the first four.
        private func half(_ fixture: ScriptFixture, pending: [String]) async throws {
            for id in 10...15 { _ = try await fixture.client.send("XADD", fixture.museumEvents, "\(id)-0", "f", "v") }
            _ = try await fixture.client.send("XGROUP", "CREATE", fixture.museumEvents, "book", "0")
            _ = try await fixture.client.send(
                "XREADGROUP", "GROUP", "book", "one", "COUNT", "4", "STREAMS", fixture.museumEvents, ">")
            for id in (10...13).map({ "\($0)-0" }) where !pending.contains(id) {
                _ = try await fixture.client.send("XACK", fixture.museumEvents, "book", id)
            }
        }

        @Test func aGroupIsSetBackAndNeverForward() async throws {
            let fixture = try await ScriptFixture()
            #expect(try await fixture.silently { try await setBack(fixture, from: "10-0", below: "9-9") } == ["NO_GROUP"])
            try await half(fixture, pending: [])
            for (first, previous) in [("13-2", "13-1"), ("15-0", "14-7"), ("16-0", "15-7"), ("9000000000000000000-0", "16-0")] {
                let answer = try await fixture.silently { try await setBack(fixture, from: first, below: previous) }
                #expect(answer == ["AHEAD", "13-0", ""], "\(first)")
            }
            #expect(
                try await fixture.silently { try await setBack(fixture, from: "11-0", below: "10-9", isSet: false) }
                    == ["SET_BACK", "13-0", ""], "only looked at")
            #expect(try await setBack(fixture, from: "13-1", below: "13-0") == ["SET_BACK", "13-0", ""], "where it stands")
            #expect(try await setBack(fixture, from: "11-0", below: "10-18446744073709551615") == ["SET_BACK", "13-0", ""])
            #expect(try await delivered(fixture) == "10-18446744073709551615")
            // In the replay: another may begin earlier, not later.
            #expect(
                try await fixture.silently { try await setBack(fixture, from: "12-0", below: "11-9") }
                    == ["AHEAD", "10-18446744073709551615", ""])
            #expect(try await setBack(fixture, from: "10-0", below: "9-18446744073709551615").first == "SET_BACK")
            #expect(try await delivered(fixture) == "9-18446744073709551615")
        }

        @Test func whatIsPendingIsNotApplied() async throws {
            let fixture = try await ScriptFixture()
            try await half(fixture, pending: ["12-0", "13-0"])
            for (first, previous) in [("12-1", "12-0"), ("13-0", "12-9"), ("14-0", "13-9")] {
                let answer = try await fixture.silently { try await setBack(fixture, from: first, below: previous) }
                #expect(answer == ["AHEAD", "13-0", "12-0"], "\(first)")
            }
            #expect(try await setBack(fixture, from: "12-0", below: "11-9") == ["SET_BACK", "13-0", "12-0"])
        }

        @Test func aStreamThatIsWhollyAppliedHasNothingLater() async throws {
            let fixture = try await ScriptFixture()
            try await half(fixture, pending: [])
            for id in ["14-0", "15-0"] { _ = try await fixture.client.send("XDEL", fixture.museumEvents, id) }
            let answer = try await fixture.silently { try await setBack(fixture, from: "14-0", below: "13-9") }
            #expect(answer == ["NOTHING", "13-0", ""])
        }

        /// Ids are compared as numbers, also those that a double can't hold.
        @Test func largeIdsAreToldApart() async throws {
            let fixture = try await ScriptFixture()
            let last = "9007199254740993-18446744073709551614"
            _ = try await fixture.client.send("XADD", fixture.museumEvents, last, "f", "v")
            _ = try await fixture.client.send("XADD", fixture.museumEvents, "9007199254740994-0", "f", "v")
            _ = try await fixture.client.send("XGROUP", "CREATE", fixture.museumEvents, "book", last)
            let next = "9007199254740993-18446744073709551615"
            #expect(try await setBack(fixture, from: next, below: last, isSet: false).first == "SET_BACK")
            #expect(try await setBack(fixture, from: "9007199254740994-0", below: next, isSet: false).first == "AHEAD")
            #expect(try await setBack(fixture, from: "10-0", below: "9-0", isSet: false).first == "SET_BACK")
        }

        private func leave(_ fixture: ScriptFixture, _ consumer: String) async throws -> ScriptFixture.Answer {
            try await fixture.run(ConsumerLeave(stream: fixture.museumEvents, group: "book", consumer: consumer))
        }

        private func consumers(_ fixture: ScriptFixture) async throws -> Set<String> {
            var names: Set<String> = []
            for consumer in try await fixture.client.send("XINFO", "CONSUMERS", fixture.museumEvents, "book").asArray() {
                names.insert(try consumer.asFieldsOfAnyKind()["name"] ?? "")
            }
            return names
        }

        @Test func leavesOnlyWithNothingPending() async throws {
            let fixture = try await ScriptFixture()
            _ = try await fixture.client.send("XGROUP", "CREATE", fixture.museumEvents, "book", "0", "MKSTREAM")
            let id = try await fixture.client.send("XADD", fixture.museumEvents, "*", "f", "v").asText()
            _ = try await fixture.client.send("XREADGROUP", "GROUP", "book", "one", "STREAMS", fixture.museumEvents, ">")
            _ = try await fixture.client.send("XGROUP", "CREATECONSUMER", fixture.museumEvents, "book", "two")

            try await fixture.skips("PENDING") { try await leave(fixture, "one") }
            #expect(try await consumers(fixture) == ["one", "two"])
            #expect(try await leave(fixture, "two").word == "LEFT")
            #expect(try await consumers(fixture) == ["one"], "what is pending for another keeps nobody")
            _ = try await fixture.client.send("XACK", fixture.museumEvents, "book", id)
            #expect(try await leave(fixture, "one").word == "LEFT")
            #expect(try await consumers(fixture) == [])
            #expect(try await leave(fixture, "one").word == "LEFT")
        }

        @Test func aLostGroupIsToldApart() async throws {
            let fixture = try await ScriptFixture()
            let error = await #expect(throws: RedisError.self) { try await leave(fixture, "one") }
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
