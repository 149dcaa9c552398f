import HTTPServer
import Redis
import TestSupport
import Testing

/// Data corrupted on purpose, behind the services' backs: the audit names the key, that one and no other.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct AuditTests {
    /// An exhibition of its own for each corruption: a booking of kim's and one of lee's that stand, and one that is cancelled.
    struct Scenario: Sendable {
        let exhibition: String
        let kim: String
        let lee: String
        let visitor: String
        /// A booking that nobody made.
        var nobody: String { "\(exhibition)-zzzzzzzzzzzz" }
    }

    struct Corruption: Sendable {
        let name: String
        let key: @Sendable (Scenario) -> String
        let corrupt: @Sendable (Scenario) -> [[String]]
        /// Empty: the key is put back as a whole.
        var restore: @Sendable (Scenario) -> [[String]] = { _ in [] }
        /// Whether it can be told apart from what a working system is doing.
        var isForLoad = true
    }

    static let corruptions: [Corruption] = [
        Corruption(
            name: "available off by one", key: { "museum:{a}:\($0.exhibition)" },
            corrupt: { [["HINCRBY", "museum:{a}:\($0.exhibition)", "available", "1"]] },
            restore: { [["HINCRBY", "museum:{a}:\($0.exhibition)", "available", "-1"]] }),
        Corruption(
            name: "available and held off, their sum right", key: { "museum:{a}:\($0.exhibition)" },
            corrupt: {
                [
                    ["HINCRBY", "museum:{a}:\($0.exhibition)", "available", "-2"],
                    ["HINCRBY", "museum:{a}:\($0.exhibition)", "held", "2"],
                ]
            },
            restore: {
                [
                    ["HINCRBY", "museum:{a}:\($0.exhibition)", "available", "2"],
                    ["HINCRBY", "museum:{a}:\($0.exhibition)", "held", "-2"],
                ]
            }),
        Corruption(
            name: "seats of a booking changed", key: { "museum:{a}:\($0.exhibition):seats" },
            corrupt: { [["HINCRBY", "museum:{a}:\($0.exhibition):seats", $0.kim, "1"]] },
            restore: { [["HINCRBY", "museum:{a}:\($0.exhibition):seats", $0.kim, "-1"]] }),
        Corruption(
            name: "seats of a booking removed", key: { "museum:{a}:\($0.exhibition):seats" },
            corrupt: { [["HDEL", "museum:{a}:\($0.exhibition):seats", $0.kim]] },
            restore: { [["HSET", "museum:{a}:\($0.exhibition):seats", $0.kim, "2"]] }),
        Corruption(
            name: "seats held for nobody", key: { "museum:{a}:\($0.exhibition):seats" },
            corrupt: { [["HSET", "museum:{a}:\($0.exhibition):seats", $0.nobody, "3"]] },
            restore: { [["HDEL", "museum:{a}:\($0.exhibition):seats", $0.nobody]] }),
        Corruption(
            name: "booking's status changed", key: { "book:{a}:\($0.kim)" },
            corrupt: { [["HSET", "book:{a}:\($0.kim)", "status", "CANCELED"]] }),
        Corruption(name: "booking lost", key: { "book:{a}:\($0.kim)" }, corrupt: { [["DEL", "book:{a}:\($0.kim)"]] }),
        Corruption(name: "admission lost", key: { "confirm:{a}:\($0.kim)" }, corrupt: { [["DEL", "confirm:{a}:\($0.kim)"]] }),
        Corruption(
            name: "admission's status wrong", key: { "confirm:{a}:\($0.kim)" },
            corrupt: { [["HSET", "confirm:{a}:\($0.kim)", "status", "CANCELED"]] }),
        Corruption(
            name: "admission behind its booking", key: { "confirm:{a}:\($0.kim)" },
            corrupt: { [["HSET", "confirm:{a}:\($0.kim)", "bookVersion", "1"]] }),
        Corruption(
            name: "page stale", key: { "mypage:{a}:\($0.kim)" },
            corrupt: { [["HSET", "mypage:{a}:\($0.kim)", "bookVersion", "1", "status", "REQUESTED"]] }),
        Corruption(name: "page lost", key: { "mypage:{a}:\($0.kim)" }, corrupt: { [["DEL", "mypage:{a}:\($0.kim)"]] }),
        Corruption(
            name: "page of nobody", key: { "mypage:{a}:\($0.nobody)" },
            corrupt: {
                [
                    [
                        "HSET", "mypage:{a}:\($0.nobody)", "bookVersion", "1", "museumId", $0.exhibition, "visitor", $0.visitor,
                        "seats", "1", "status", "REQUESTED",
                    ]
                ]
            }),
        Corruption(
            name: "entry on a visitor's list lost", key: { "mypage:{a}:visitor:\($0.visitor)" },
            corrupt: { [["ZREM", "mypage:{a}:visitor:\($0.visitor)", $0.kim]] }),
        Corruption(
            name: "another visitor's booking on a list", key: { "mypage:{a}:visitor:\($0.visitor)" },
            corrupt: { [["ZADD", "mypage:{a}:visitor:\($0.visitor)", "5", $0.lee]] }),
        Corruption(
            name: "visitor unknown", key: { _ in "mypage:{a}:visitors" },
            corrupt: { [["ZREM", "mypage:{a}:visitors", $0.visitor]] },
            restore: { [["ZADD", "mypage:{a}:visitors", "0", $0.visitor]] }),
        Corruption(
            name: "booking in no index", key: { "book:{a}:\($0.exhibition):index" },
            corrupt: { [["ZREM", "book:{a}:\($0.exhibition):index", $0.kim]] },
            restore: { [["ZADD", "book:{a}:\($0.exhibition):index", "(createdAt)", $0.kim]] }),
        Corruption(
            name: "admission in no index", key: { "confirm:{a}:\($0.exhibition):index" },
            corrupt: { [["ZREM", "confirm:{a}:\($0.exhibition):index", $0.kim]] },
            restore: { [["ZADD", "confirm:{a}:\($0.exhibition):index", "(createdAt)", $0.kim]] }),
        Corruption(
            name: "exhibition in no index", key: { _ in "museum:{a}:index" },
            corrupt: { [["ZREM", "museum:{a}:index", $0.exhibition]] },
            restore: { [["ZADD", "museum:{a}:index", "209912240000", $0.exhibition]] }),
        Corruption(
            name: "MyPage's exhibition stale", key: { "mypage:{a}:\($0.exhibition)" },
            corrupt: { [["HSET", "mypage:{a}:\($0.exhibition)", "title", "Manet"]] }),
        Corruption(
            name: "progress beyond the end", key: { _ in "confirm:{a}:progress:book" },
            corrupt: { _ in [["SET", "confirm:{a}:progress:book", "9999999999999-0"]] }, isForLoad: false),
    ]

    /// Which field differs, and both values.
    @Test func auditNamesEachDifference() async throws {
        let (deployment, _, scenes) = try await open()
        let client = try deployment.redis.client()
        let (page, admission) = ("mypage:{a}:\(scenes[0].kim)", "confirm:{a}:\(scenes[1].kim)")
        let updatedAt = try await client.send("HGET", "confirm:{a}:\(scenes[0].kim)", "updatedAt").asText()
        _ = try await client.send("HSET", page, "admissionUpdatedAt", "5", "seats", "77")
        _ = try await client.send("HSET", admission, "visitor", "nobody")
        let named = try await deployment.process.run("audit", "--wait", "20s")
        #expect(named.code == 1)
        for line in [
            "\(page)  has admissionUpdatedAt 5, the admission has updatedAt \(updatedAt)",
            "\(page)  has seats 77, the booking has seats 2",
            "\(admission)  has visitor nobody, the booking has visitor \(scenes[1].visitor)",
        ] {
            // Keys are aligned.
            let lines = named.output.replacing(#/ {2,}/#, with: "  ")
            #expect(lines.contains(line), "\(line): \(named.output)")
        }
    }

    @Test func auditNamesEachCorruptionOnAnIdleSystem() async throws {
        let (deployment, _, scenes) = try await open()
        let client = try deployment.redis.client()
        for (corruption, scenario) in zip(Self.corruptions, scenes) {
            let undo = try await corrupt(corruption, scenario, client)
            let named = try await audit(deployment.process)
            #expect(named.code == 1, "\(corruption.name)")
            #expect(named.keys == [corruption.key(scenario)], "\(corruption.name): \(named.output)")
            for command in undo { _ = try await client.send(command) }
        }
        #expect(try await audit(deployment.process).code == 0, "all is put right again")
    }

    @Test func auditNamesNothingElseUnderLoad() async throws {
        let (deployment, visitor, scenes) = try await open()
        let client = try deployment.redis.client()
        let edited = try await visitor.register(capacity: 100_000)
        let traffic = Traffic(visitor: visitor, exhibitions: scenes.map(\.exhibition) + [edited], edited: edited)
        let booked = try await traffic.during {
            for _ in 0..<4 {
                let named = try await audit(deployment.process)
                #expect(named.code == 0, "a false alarm: \(named.output)")
            }
            let seeded = Array(zip(Self.corruptions, scenes)).filter(\.0.isForLoad)
            var undo: [Command] = []
            for (corruption, scenario) in seeded { undo += try await corrupt(corruption, scenario, client) }
            let named = try await audit(deployment.process)
            #expect(named.keys == Set(seeded.map { $0.key($1) }), "\(named.output)")
            for command in undo { _ = try await client.send(command) }
            #expect(try await audit(deployment.process).code == 0, "all is put right again")
        }
        #expect(booked.count > 50, "there was something going on")
    }

    /// No command of the audit's is long, however large an exhibition.
    @Test func auditReadsInSmallSteps() async throws {
        let (deployment, _, scenes) = try await open(scenes: 1)
        let client = try deployment.redis.client()
        let exhibition = scenes[0].exhibition
        for start in stride(from: 0, to: 60_000, by: 1000) {
            let fields = (start..<start + 1000).flatMap { number in
                let digits = String(number)
                return ["\(exhibition)-" + String(repeating: "0", count: 12 - digits.count) + digits, "0"]
            }
            _ = try await client.send(Command(["HSET", "museum:{a}:\(exhibition):seats"] + fields))
        }
        deployment.redis.runFirst()
        _ = try await client.send("SLOWLOG", "RESET")
        #expect(try await audit(deployment.process).code == 0, "tombstones are no bookings")
        let slow = try await client.send("SLOWLOG", "GET", "10")
        #expect(slow == .array([]), "\(slow)")
    }

    private func open(scenes count: Int = corruptions.count) async throws -> (SingleProcess, Visitor, [Scenario]) {
        let single = try await SingleProcess.start()
        let visitor = single.visitor
        var scenes: [Scenario] = []
        for number in 0..<count {
            let exhibition = try await visitor.register(capacity: 10_000)
            var ids: [String] = []
            for name in ["kim \(number)", "lee \(number)", "park \(number)"] {
                let answer = try await visitor.book(exhibition, visitor: name, seats: 2)
                ids.append(try #require(answer.json["id"]?.text))
            }
            _ = try await visitor.delete("/books/\(ids[2])")
            scenes.append(
                Scenario(exhibition: exhibition, kim: ids[0], lee: ids[1], visitor: "kim \(number)"))
        }
        let settled = try await single.process.run("audit", "--wait", "20s")
        try #require(settled.code == 0, "\(settled.output)")
        return (single, visitor, scenes)
    }

    /// - Returns: what makes it undone.
    private func corrupt(_ corruption: Corruption, _ scenario: Scenario, _ client: RedisClient) async throws -> [Command] {
        let key = corruption.key(scenario)
        var undo = corruption.restore(scenario).map { Command($0) }
        if corruption.restore(scenario).isEmpty {
            undo = [Command("DEL", key)]
            if case .bytes(let bytes) = try await client.send("DUMP", key) {
                undo.append(Command(arguments: [.text("RESTORE"), .text(key), .text("0"), .bytes(bytes)]))
            }
        } else {
            let createdAt = try await client.send("HGET", "book:{a}:\(scenario.kim)", "createdAt").asText()
            undo = corruption.restore(scenario).map { Command($0.map { $0 == "(createdAt)" ? createdAt : $0 }) }
        }
        for command in corruption.corrupt(scenario) { _ = try await client.send(Command(command)) }
        return undo
    }

    private func audit(_ process: MuseumProcess) async throws -> (code: Int32, keys: Set<String>, output: String) {
        let result = try await process.run("audit", "--wait", "20s", "--json")
        let line = result.output.split(separator: "\n").first { $0.hasPrefix("{") } ?? "{}"
        let json = (try? JSON(parsing: Array(line.utf8))) ?? .null
        let keys = (json["violations"]?.elements ?? []).compactMap { $0["key"]?.text }
        return (result.code, Set(keys), result.output)
    }
}
