import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// consumer_progress, consumer_set_back and consumer_leave: what a consumer group keeps in order.
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

        private func setBack(_ bench: Bench, from first: String, below previous: String, isSet: Bool = true) async throws
            -> [String]
        {
            let answer = try await bench.run(
                Scripts.consumerSetBack, [bench.museumEvents], ["book", first, previous, isSet ? "1" : "0"])
            return try [answer.word] + answer.rest.map { reply throws(RedisError) in try reply.asText() }
        }

        private func delivered(_ bench: Bench) async throws -> String? {
            let groups = try await bench.client.send("XINFO", "GROUPS", bench.museumEvents).asArray()
            return try groups.first?.asFieldsOfAnyKind()["last-delivered-id"]
        }

        /// Entries 10-0 to 15-0, of which the group has read the first four.
        private func half(_ bench: Bench, pending: [String]) async throws {
            for id in 10...15 { _ = try await bench.client.send("XADD", bench.museumEvents, "\(id)-0", "f", "v") }
            _ = try await bench.client.send("XGROUP", "CREATE", bench.museumEvents, "book", "0")
            _ = try await bench.client.send(
                "XREADGROUP", "GROUP", "book", "one", "COUNT", "4", "STREAMS", bench.museumEvents, ">")
            for id in (10...13).map({ "\($0)-0" }) where !pending.contains(id) {
                _ = try await bench.client.send("XACK", bench.museumEvents, "book", id)
            }
        }

        @Test func aGroupIsSetBackAndNeverForward() async throws {
            let bench = try await Bench()
            #expect(try await bench.silently { try await setBack(bench, from: "10-0", below: "9-9") } == ["NO_GROUP"])
            try await half(bench, pending: [])
            for (first, previous) in [("13-2", "13-1"), ("15-0", "14-7"), ("16-0", "15-7"), ("9000000000000000000-0", "16-0")] {
                let answer = try await bench.silently { try await setBack(bench, from: first, below: previous) }
                #expect(answer == ["AHEAD", "13-0", ""], "\(first)")
            }
            #expect(
                try await bench.silently { try await setBack(bench, from: "11-0", below: "10-9", isSet: false) }
                    == ["SET_BACK", "13-0", ""], "only looked at")
            #expect(try await setBack(bench, from: "13-1", below: "13-0") == ["SET_BACK", "13-0", ""], "where it stands")
            #expect(try await setBack(bench, from: "11-0", below: "10-18446744073709551615") == ["SET_BACK", "13-0", ""])
            #expect(try await delivered(bench) == "10-18446744073709551615")
            // In the replay: another may begin earlier, not later.
            #expect(
                try await bench.silently { try await setBack(bench, from: "12-0", below: "11-9") }
                    == ["AHEAD", "10-18446744073709551615", ""])
            #expect(try await setBack(bench, from: "10-0", below: "9-18446744073709551615").first == "SET_BACK")
            #expect(try await delivered(bench) == "9-18446744073709551615")
        }

        @Test func whatIsPendingIsNotApplied() async throws {
            let bench = try await Bench()
            try await half(bench, pending: ["12-0", "13-0"])
            for (first, previous) in [("12-1", "12-0"), ("13-0", "12-9"), ("14-0", "13-9")] {
                let answer = try await bench.silently { try await setBack(bench, from: first, below: previous) }
                #expect(answer == ["AHEAD", "13-0", "12-0"], "\(first)")
            }
            #expect(try await setBack(bench, from: "12-0", below: "11-9") == ["SET_BACK", "13-0", "12-0"])
        }

        @Test func aStreamThatIsWhollyAppliedHasNothingLater() async throws {
            let bench = try await Bench()
            try await half(bench, pending: [])
            for id in ["14-0", "15-0"] { _ = try await bench.client.send("XDEL", bench.museumEvents, id) }
            let answer = try await bench.silently { try await setBack(bench, from: "14-0", below: "13-9") }
            #expect(answer == ["NOTHING", "13-0", ""])
        }

        /// Ids are compared as numbers, also those that a double can't hold.
        @Test func largeIdsAreToldApart() async throws {
            let bench = try await Bench()
            let last = "9007199254740993-18446744073709551614"
            _ = try await bench.client.send("XADD", bench.museumEvents, last, "f", "v")
            _ = try await bench.client.send("XADD", bench.museumEvents, "9007199254740994-0", "f", "v")
            _ = try await bench.client.send("XGROUP", "CREATE", bench.museumEvents, "book", last)
            let next = "9007199254740993-18446744073709551615"
            #expect(try await setBack(bench, from: next, below: last, isSet: false).first == "SET_BACK")
            #expect(try await setBack(bench, from: "9007199254740994-0", below: next, isSet: false).first == "AHEAD")
            #expect(try await setBack(bench, from: "10-0", below: "9-0", isSet: false).first == "SET_BACK")
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
