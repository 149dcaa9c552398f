import Contracts
import NIOCore
import Redis
import Scripts
import TestSupport
import Testing

@testable import Messaging

/// A service maintains its own stream: events are trimmed only when every subscriber in the table has applied them and they are
/// past
/// retention.
@Suite(.timeLimit(.minutes(5)))
struct StreamMaintenanceTests {
    private let server: RedisServer
    private let client: RedisClient
    private let book = CapturedLogs()
    private let stream = "book:{a}:events"
    /// Museum, Confirm and MyPage subscribe to Book's stream.
    private let groups = ["museum", "confirm", "mypage"]

    init() async throws {
        // Redis lets go of whole blocks; here a block is one entry, so that every single one counts.
        server = try await RedisServer.start(["--stream-node-max-entries", "1"])
        client = try server.client()
        _ = try await client.send("SADD", "museum:partitions", "a")
        for id in 1...20 { _ = try await client.send("XADD", stream, "\(id * 1000)-0", "eventType", "Requested") }
    }

    private func setProgress(_ group: String, _ id: String) async throws {
        _ = try await client.send("SET", "\(group):{a}:progress:book", id)
    }

    private func ids() async throws -> [String] {
        try await client.send("XRANGE", stream, "-", "+").asArray().map { try $0.asArray()[0].asText() }
    }

    private func firstId() async throws -> String? { try await ids().first }

    /// Runs Book's stream maintenance during the body, at a time given in milliseconds.
    private func keeping(
        now: UnixMilliseconds = 1_000_000, retention: Duration = .zero, silence: Duration = .seconds(60),
        _ body: () async throws -> Void
    ) async throws {
        var intervals = StreamMaintenance.Intervals()
        intervals.observe = .milliseconds(20)
        intervals.trim = .milliseconds(20)
        intervals.stall = silence
        let maintenance = StreamMaintenance(
            service: .book, partitions: Partitions(client), redis: try server.client(), retention: retention,
            intervals: intervals,
            time: { _ in now }, logger: book.logger)
        try await running([maintenance], body)
    }

    /// Waits until the maintenance has trimmed at least twice more.
    private func severalTrims() async throws {
        func looks() async throws -> Int {
            let line = try await client.send("INFO", "commandstats").asText().split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("cmdstat_mget:") }
            return Int(line?.split(separator: "=")[1].prefix(while: \.isNumber) ?? "0") ?? 0
        }
        let start = try await looks()
        try await eventually("the maintenance has been round") { try await looks() >= start + 3 }
    }

    @Test func theSlowestSubscriberHoldsTrimmingBack() async throws {
        for group in groups { try await setProgress(group, "15000-0") }
        try await setProgress("confirm", "6000-0")
        try await keeping {
            try await eventually("what all have applied is gone") { try await firstId() == "6000-0" }
            try await severalTrims()
            #expect(try await firstId() == "6000-0")
            try await setProgress("confirm", "20000-0")
            try await eventually("and more with it") { try await firstId() == "15000-0" }
            #expect(try await ids().count == 6)
        }
        #expect(book.times("events trimmed") == 2)
    }

    @Test(arguments: ["museum", "confirm", "mypage"])
    func whoHasNeverAppliedAnythingHoldsEverything(silent: String) async throws {
        // As Redis lists them all groups are at the end; and the silent one has been destroyed.
        for group in groups {
            _ = try await client.send("XGROUP", "CREATE", stream, group, "$")
            if group != silent { try await setProgress(group, "20000-0") }
        }
        _ = try await client.send("XGROUP", "DESTROY", stream, silent)
        try await keeping {
            try await severalTrims()
            #expect(try await ids().count == 20)
        }
    }

    @Test func aDestroyedGroupHoldsWhatItHasNotApplied() async throws {
        for group in groups { try await setProgress(group, "20000-0") }
        try await setProgress("museum", "7000-0")
        for group in ["confirm", "mypage"] { _ = try await client.send("XGROUP", "CREATE", stream, group, "$") }
        try await keeping {
            try await eventually("the rest is gone") { try await firstId() == "7000-0" }
            try await severalTrims()
            #expect(try await firstId() == "7000-0")
        }
    }

    @Test func anOperatorsOwnGroupDoesNotPreventTrimming() async throws {
        for group in groups { try await setProgress(group, "20000-0") }
        _ = try await client.send("XGROUP", "CREATE", stream, "curious", "0")
        _ = try await client.send("XREADGROUP", "GROUP", "curious", "me", "COUNT", "3", "STREAMS", stream, ">")
        try await keeping { try await eventually("all but the last is gone") { try await ids() == ["20000-0"] } }
    }

    @Test func youngEventsStay() async throws {
        for group in groups { try await setProgress(group, "20000-0") }
        try await keeping(now: 22_500, retention: .seconds(10)) {
            try await eventually("the old ones are gone") { try await firstId() == "13000-0" }
            try await severalTrims()
            #expect(try await ids().count == 8)
        }
        try await keeping(now: 22_500, retention: .seconds(7 * 86_400)) { try await severalTrims() }
        #expect(try await ids().count == 8, "a retention that reaches back before all time")
    }

    /// Lowers a subscriber's progress after the first step of trimming, as a restored store of its own does.
    private struct Lowering: RedisSender {
        let client: RedisClient
        let isDone = LockedBox(false)

        func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
            let results = await client.sendOnce(commands)
            let removed: Reply? =
                switch results[0] {
                case .success(.array(let reply)): reply.first
                case .success(let reply): reply
                case .failure: nil
                }
            guard case .integer(1...) = removed, !isDone.value else { return results }
            isDone.value = true
            _ = await client.send([Command("SET", "confirm:{a}:progress:book", "1500000-0")])
            return results
        }
    }

    @Test func trimmingStopsAtProgressThatIsLoweredMeanwhile() async throws {
        for id in 21...3000 { _ = try await client.send("XADD", stream, "\(id * 1000)-0", "eventType", "Requested") }
        for group in groups { try await setProgress(group, "3000000-0") }
        let sender = Lowering(client: client)
        let own = EventStream(service: .book, partition: "a", redis: sender)
        _ = try await own.trim(below: StreamID(milliseconds: 3_000_000, sequence: 0))
        #expect(sender.isDone.value, "the fault has struck")
        #expect(try await firstId() == "1500000-0")
    }

    @Test func trimmingGoesInShortSteps() async throws {
        let big = try await RedisServer.start()
        big.runFirst()
        // A thousand entries at a time may take long on a busy machine; what is judged is SLOWLOG.
        var options = RedisOptions()
        options.commandTimeout = .seconds(30)
        let client = try big.client(options)
        _ = try await client.send("SADD", "museum:partitions", "a")
        for start in stride(from: 1, to: 60_001, by: 1000) {
            let results = await client.send(
                (start..<start + 1000).map { Command("XADD", stream, "\($0)-0", "eventType", "Requested", "visitor", "kim") })
            #expect(results.allSatisfy { (try? $0.get()) != nil })
        }
        _ = try await client.send("SLOWLOG", "RESET")
        for group in groups { _ = try await client.send("SET", "\(group):{a}:progress:book", "60000-0") }
        let own = EventStream(service: .book, partition: "a", redis: client)
        let gone = try await own.trim(below: StreamID(milliseconds: 60_000, sequence: 0)).count
        #expect(gone > 59_800 && gone < 60_000)
        let slow = try await client.send("SLOWLOG", "GET", "10")
        #expect(slow == .array([]), "\(slow)")
        let stats = try await client.send("INFO", "commandstats").asText()
        let calls = try #require(stats.firstMatch(of: /cmdstat_xtrim:calls=(\d+)/)?.1)
        #expect(try #require(Int(calls)) >= 60)
    }

    @Test func lagIsExportedAndAStallIsLoggedOnce() async throws {
        let metrics = TestMetrics.shared
        func lag(_ group: String) -> Double? {
            metrics.value(#"skmuseum_consumer_lag_seconds{service="\#(group)",stream="book",partition="lag"}"#)
        }
        // A partition of its own: other tests' keepers write the same process's gauges.
        _ = try await client.send("RENAME", stream, "book:{lag}:events")
        _ = try await client.send("DEL", "museum:partitions")
        _ = try await client.send("SADD", "museum:partitions", "lag")
        func setProgress(_ group: String, _ id: String) async throws {
            _ = try await client.send("SET", "\(group):{lag}:progress:book", id)
        }
        try await setProgress("museum", "20000-0")
        try await setProgress("confirm", "5000-0")
        try await keeping(now: 30_000, retention: .seconds(100), silence: .milliseconds(200)) {
            try await eventually("lag is shown") { lag("museum") == 0 && lag("confirm") == 24 && lag("mypage") == 29 }
            try await eventually("two groups are stalled") { book.times("consumer group stalled") == 2 }
            try await severalTrims()
            try await setProgress("confirm", "20000-0")
            try await eventually("one is back") { book.times("consumer group recovered") == 1 && lag("confirm") == 0 }
            try await severalTrims()
        }
        #expect(book.times("consumer group stalled") == 2, "\(book.lines.value)")
        #expect(book.lines.value.contains { $0.hasPrefix("consumer group recovered") && $0.contains("group=confirm") })
    }
}
