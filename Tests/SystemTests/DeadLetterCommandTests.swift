import Contracts
import Foundation
import HTTPServer
import Messaging
import Redis
import TestSupport
import Testing

/// `skmuseum dead-letters` on letters of every kind.
@Suite(.timeLimit(.minutes(5)))
struct DeadLetterCommandTests {
    private let commands: CommandFixture
    private var client: RedisClient { commands.client }

    init() async throws {
        commands = try await CommandFixture()
        _ = try await client.send("SADD", "museum:partitions", "a", "b")
    }

    private func run(_ arguments: String..., myPage: RedisServer? = nil) async throws -> (code: Int32, lines: [String]) {
        let child = try commands.begin(
            ["dead-letters"] + arguments, environment: ["MYPAGE_REDIS_URL": myPage?.url ?? ""])
        let code = try await child.waitForExit()
        return (code, child.printed().split(separator: "\n").map(String.init))
    }

    private static func id(_ number: Int) -> String {
        BookingID(exhibition: ExhibitionID(partition: "a", number: 1), bits: UInt64(number)).text
    }

    /// A letter of one of Book's events, to a group in partition a.
    private func write(
        _ number: Int, to group: String = "confirm", event: String = "RequestCompleted", eventId: String? = nil,
        reason: String = "the process ended while applying it", extra: [Command.Argument] = []
    ) async throws {
        let words = [
            "XADD", "\(group):{a}:dead", "\(number)-0", "eventId", eventId ?? "\(number)-0", "service", "book", "reason", reason,
            "attempts", "5", "eventType", event, "timestamp", "1", "bookId", Self.id(number), "museumId", "a1", "visitor", "kim",
            "seats", "1", "status", "REQUEST_COMPLETED", "version", "2", "createdAt", "1",
        ]
        _ = try await client.send(Command(arguments: words.map { .text($0) } + extra))
    }

    private func letters(_ group: String = "confirm") async throws -> Int {
        try await client.send("XLEN", "\(group):{a}:dead").asInteger()
    }

    @Test func retryAppliesOnceAndRemovesEveryLetterOfTheEvent() async throws {
        try await write(1)
        try await write(2)
        try await write(3, event: "Wondered", reason: "unknown event type Wondered")
        // The process was killed between writing the letter and acknowledging.
        try await write(4, eventId: "2-0")
        let list = try await run("list")
        #expect(list.code == 0)
        #expect(
            list.lines == [
                "confirm:a:1-0  RequestCompleted  event book:1-0  the process ended while applying it",
                "confirm:a:2-0  RequestCompleted  event book:2-0  the process ended while applying it",
                "confirm:a:3-0  Wondered          event book:3-0  unknown event type Wondered",
                "3 dead letters; 'dead-letters show ID' shows one",
            ])

        let one = try await run("retry", "confirm:a:2-0")
        #expect(one.code == 0 && one.lines == ["confirm:a:2-0  RequestCompleted  event book:2-0  applied"], "\(one)")
        #expect(try await letters() == 2, "both letters of the event are gone")
        #expect(try await client.send("HGET", "confirm:{a}:\(Self.id(2))", "status") == .text("CONFIRMED"))
        #expect(try await client.send("XLEN", "confirm:{a}:events") == .integer(1))
        let twice = try await run("retry", "confirm:a:2-0")
        #expect(twice.code == 1 && twice.lines.count == 1 && twice.lines[0].contains("there is no dead letter"))

        // Killed between apply and delete: the letter is there again, and nothing happens twice.
        try await write(5, eventId: "2-0")
        _ = try await client.send(
            "XADD", "confirm:{a}:dead", "6-0", "eventId", "2-0", "service", "book", "reason", "r", "attempts", "1")
        let all = try await run("retry", "--all")
        #expect(all.code == 1)
        #expect(all.lines.contains("confirm:a:1-0  RequestCompleted  event book:1-0  applied"))
        #expect(all.lines.contains("confirm:a:3-0  Wondered  event book:3-0  left: unknown event type Wondered"))
        #expect(all.lines.last?.contains("1 dead letters could not be applied") == true, "\(all.lines)")
        #expect(all.lines.count == 4, "a line an event, and the summary: \(all.lines)")
        #expect(try await letters() == 1)
        #expect(try await client.send("HGET", "confirm:{a}:\(Self.id(1))", "version") == .text("1"))
    }

    /// Seats revoked or reserved without a booking end in an abort, as by the consumer.
    @Test func aBookingThatNobodyRecordedIsAborted() async throws {
        _ = try await client.send(
            "XADD", "book:{a}:dead", "1-0", "eventId", "1-0", "service", "museum", "reason", "r", "attempts", "1", "eventType",
            "SeatsRevoked", "timestamp", "1", "bookId", Self.id(1), "museumId", "a1", "seats", "1", "available", "1")
        _ = try await client.send(
            "XADD", "book:{a}:dead", "2-0", "eventId", "2-0", "service", "museum", "reason", "r", "attempts", "1", "eventType",
            "SeatsReserved", "timestamp", "1", "bookId", Self.id(2), "museumId", "a1", "visitor", "kim", "seats", "1",
            "available",
            "1")
        let retry = try await run("retry", "--all")
        #expect(retry.code == 0)
        #expect(retry.lines.first == "book:a:1-0  SeatsRevoked  event museum:1-0  applied")
        #expect(retry.lines.dropFirst().first == "book:a:2-0  SeatsReserved  event museum:2-0  applied")
        #expect(try await letters("book") == 0)
        for id in [1, 2] { #expect(try await client.send("HGET", "book:{a}:\(Self.id(id))", "status") == .text("ABORTED")) }
    }

    @Test func myPagesAreInItsOwnStore() async throws {
        let own = try await RedisServer.start()
        let store = try own.client()
        _ = try await store.send(
            "XADD", "mypage:{a}:dead", "1-0", "eventId", "1-0", "service", "book", "reason", "r", "attempts", "1", "eventType",
            "RequestCompleted", "timestamp", "1", "bookId", Self.id(1), "museumId", "a1", "visitor", "kim", "seats", "1",
            "status",
            "REQUEST_COMPLETED", "version", "2", "createdAt", "1")
        #expect(try await run("list").lines == ["no dead letters"])
        let retry = try await run("retry", "--all", myPage: own)
        #expect(retry.code == 0 && retry.lines == ["mypage:a:1-0  RequestCompleted  event book:1-0  applied"], "\(retry)")
        #expect(try await store.send("HGET", "mypage:{a}:\(Self.id(1))", "status") == .text("REQUEST_COMPLETED"))
        #expect(try await client.send("KEYS", "mypage:*") == .array([]))
    }

    @Test func dropDeletes() async throws {
        for number in 1...40 { try await write(number) }
        try await write(50, eventId: "7-0")
        try await write(1, to: "mypage")
        let one = try await run("drop", "confirm:a:7-0")
        #expect(one.code == 0 && one.lines == ["confirm:a:7-0  RequestCompleted  event book:7-0  dropped"])
        #expect(try await letters() == 39)
        #expect(try await run("drop", "confirm:a:7-0").code == 1)
        let all = try await run("drop", "--all")
        #expect(all.code == 0 && all.lines.count == 40 && all.lines.allSatisfy { $0.hasSuffix("dropped") })
        #expect(try await letters() == 0)
        #expect(try await letters("mypage") == 0)
        #expect(try await client.send("KEYS", "confirm:{a}:a1*") == .array([]), "nothing was applied")
        let again = try await run("drop", "--all")
        #expect(again.code == 0 && again.lines.isEmpty)
    }

    /// However many lists have letters, no connection is left open for one that is done with.
    @Test func retryKeepsNoConnections() async throws {
        let partitions = "abcdefghijklmnopqrst".map { "a\($0)" }
        for partition in partitions { _ = try await client.send("SADD", "museum:partitions", partition) }
        // It is waited for: meanwhile connections can be counted.
        _ = try await client.send(
            "XADD", "book:{at}:dead", "1-0", "eventId", "1-0", "service", "museum", "reason", "r", "attempts", "1", "eventType",
            "SeatsReserved", "timestamp", "1", "bookId", "at1-000000000001", "museumId", "at1", "visitor", "kim", "seats", "1",
            "available", "1")
        let few = try await connectionsOfRetry()
        for partition in partitions.dropLast() {
            _ = try await client.send(
                "XADD", "confirm:{\(partition)}:dead", "1-0", "eventId", "1-0", "service", "book", "reason", "r", "attempts", "1",
                "eventType", "Nonsense")
        }
        _ = try await client.send(
            "XADD", "book:{at}:dead", "2-0", "eventId", "2-0", "service", "museum", "reason", "r", "attempts", "1", "eventType",
            "SeatsReserved", "timestamp", "1", "bookId", "at1-000000000002", "museumId", "at1", "visitor", "kim", "seats", "1",
            "available", "1")
        #expect(try await connectionsOfRetry() <= few)
    }

    /// One JSON object a line on stdout, and nothing else.
    @Test func eachReportsAsJSON() async throws {
        try await write(1)
        try await write(2, event: "Wondered", reason: "unknown event type Wondered")
        func objects(_ arguments: String...) async throws -> [JSON] {
            let child = try commands.begin(
                ["-c", #"exec "$0" dead-letters "$@" 2>&-"#, MuseumProcess.program] + arguments, by: "bash")
            _ = try await child.waitForExit()
            return try child.printed().split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
        }
        let list = try await objects("list", "--json")
        #expect(list.map { $0["deadLetter"]?.text } == ["confirm:a:1-0", "confirm:a:2-0"])
        #expect(list.map { $0["eventType"]?.text } == ["RequestCompleted", "Wondered"])
        #expect(list.last?["reason"]?.text == "unknown event type Wondered" && list.last?["group"]?.text == "confirm")
        let shown = try await objects("show", "confirm:a:2-0", "--json")
        #expect(shown.count == 1 && shown.first?["bookId"]?.text == Self.id(2))
        let retried = try await objects("retry", "--all", "--json")
        #expect(retried.map { $0["outcome"]?.text } == ["applied", "left"])
        #expect(retried.map { $0["why"]?.text } == [nil, "unknown event type Wondered"])
        let dropped = try await objects("drop", "--all", "--json")
        #expect(dropped.map { $0["outcome"]?.text } == ["dropped"])
        #expect(try await objects("list", "--json").isEmpty)
    }

    /// The most connections that a retry of all letters has at once while it waits for the last.
    private func connectionsOfRetry() async throws -> Int {
        let child = try commands.begin(["dead-letters", "retry", "--all"])
        var most = 0
        try await eventually("it ends", within: .seconds(30)) {
            let clients = try await client.send("CLIENT", "LIST").asText()
            most = max(most, clients.split(separator: "\n").count { $0.contains("name=skmuseum-operator") })
            return child.exitCode() != nil
        }
        #expect(child.printed().contains("at:") && child.printed().contains("applied"), "\(child.printed())")
        return most
    }

    @Test(arguments: [["retry"], ["drop"], ["retry", "--all", "confirm:a:1-0"], ["drop", "--all", "x"]])
    func oneOrAll(arguments: [String]) async throws {
        let child = try commands.begin(["dead-letters"] + arguments)
        #expect(try await child.waitForExit() == 64)
    }

    @Test func anyBytesArePrintedSafely() async throws {
        try await write(1, extra: ["note", .bytes([0x61, 0xFF, 0x62])])
        try await write(2, event: String(repeating: "x", count: 1 << 20))
        try await write(3, event: "two\nlines\u{1B}[31m\u{2028}", reason: "unknown event type two\nlines")
        let list = try await run()
        #expect(list.lines.count == 4 && list.lines.allSatisfy { $0.utf8.count < 400 }, "\(list.lines.map(\.count))")
        #expect(list.lines[2].contains(#"two\nlines\u{1B}[31m\u{2028}"#), "\(list.lines[2])")
        let bytes = try await run("show", "confirm:a:1-0")
        #expect(bytes.code == 0 && bytes.lines.count == 1 && bytes.lines[0].contains("\"note\":\"a\u{FFFD}b\""))
        let long = try await run("show", "confirm:a:2-0")
        #expect(long.code == 0 && long.lines.count == 1 && long.lines[0].utf8.count > 1 << 20)
        #expect(try JSON(parsing: Array(long.lines[0].utf8))["attempts"]?.text == "5")
        for id in ["confirm:a:9-0", "confirm:c:1-0", "visitor:a:1-0", "nonsense", ""] {
            let missing = try await run("show", id)
            #expect(missing.code == 1 && missing.lines.count == 1, "\(missing)")
        }
    }

    @Test func manyAreReadAFewAtATime() async throws {
        _ = try await client.send(
            "EVAL",
            "for i = 1, 20000 do redis.call('XADD', KEYS[1], i .. '-0', 'eventId', i .. '-0', 'service', 'book', 'reason', 'r', 'attempts', '1', 'eventType', 'Nonsense') end",
            "1", "confirm:{a}:dead")
        _ = try await client.send("SLOWLOG", "RESET")
        let list = try await run("list")
        #expect(list.code == 0 && list.lines.count == 20_001)
        let slow = try await client.send("SLOWLOG", "GET", "10")
        #expect(slow == .array([]), "\(slow)")
        let stats = try await client.send("INFO", "commandstats").asText()
        let calls = try #require(stats.firstMatch(of: /cmdstat_xrange:calls=(\d+)/)?.1)
        #expect(try #require(Int(calls)) > 1000)
    }
}
