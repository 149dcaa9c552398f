import Redis
import TestSupport
import Testing

@testable import Messaging

/// Positions in sorted sets, cursors, and scans against a real server.
@Suite struct IndexScanTests {
    private let server: RedisServer
    private let client: RedisClient

    init() async throws {
        server = try await RedisServer.start()
        client = try server.client()
    }

    private func add(_ scores: [Int], named name: (Int) -> String = { "m\($0)" }) async throws {
        for (index, score) in scores.enumerated() { _ = try await client.send("ZADD", "z", String(score), name(index)) }
    }

    /// Runs a scan to its end and counts its commands.
    private func run(_ scan: inout IndexScan) async throws -> Int {
        var commands = 0
        while !scan.isDone {
            commands += 1
            try scan.take(try await client.send(scan.command))
        }
        return commands
    }

    @Test func order() {
        #expect(IndexPosition(score: 1, member: "z") < IndexPosition(score: 2, member: "a"))
        #expect(IndexPosition(score: 1, member: "a10") < IndexPosition(score: 1, member: "a2"))
        #expect(IndexPosition(score: 1, member: "Z") < IndexPosition(score: 1, member: "a"), "by bytes, as Redis has it")
        #expect(!(IndexPosition(score: 1, member: "a") < IndexPosition(score: 1, member: "a")))
    }

    @Test(arguments: [IndexScan.Order.ascending, .descending])
    func sameOrderAsRedis(order: IndexScan.Order) async throws {
        try await add([5, 5, 5, 1, 9, 9, 2, 5]) { "m\(($0 * 7) % 11)" }
        var scan = IndexScan("z", order, after: nil, count: 100)
        #expect(try await run(&scan) == 1)
        let sorted = scan.found.sorted()
        #expect(scan.found == (order == .ascending ? sorted : sorted.reversed()) && scan.found.count == 8)
    }

    @Test(arguments: [4, 5, 6], [IndexScan.Order.ascending, .descending])
    func sizes(count: Int, order: IndexScan.Order) async throws {
        try await add([3, 3, 3, 3, 3])
        var scan = IndexScan("z", order, after: nil, count: count)
        _ = try await run(&scan)
        #expect(scan.found.count == min(count, 5))
        #expect(scan.mayHaveMore == (count <= 5))
    }

    /// Hundreds of one score in front of the position: the cursor says how many, so one command is enough.
    @Test func manyOfOneScore() async throws {
        try await add(Array(repeating: 7, count: 500)) { "m" + String(1000 + $0) }
        let page = (0..<400).map { IndexPosition(score: 7, member: "m\(1000 + $0)") }
        let cursor = try #require(IndexCursor(endOf: page, after: nil))
        #expect(cursor.passed == 400)
        var scan = IndexScan("z", .ascending, after: cursor, count: 20)
        #expect(try await run(&scan) == 1)
        #expect(scan.found.first?.member == "m1400" && scan.found.count == 20)
        // A number that is wrong costs more commands, and finds the same.
        var other = IndexScan("z", .ascending, after: IndexCursor(position: cursor.position, passed: 0), count: 20)
        #expect(try await run(&other) > 1)
        #expect(other.found == scan.found)
    }

    @Test func exclusion() async throws {
        try await add([1, 2, 3, 4, 5, 6])
        var scan = IndexScan("z", .ascending, after: nil, count: 3)
        try scan.take(try await client.send(scan.command))
        #expect(scan.isDone)
        scan.excluded = ["m0", "m2"]
        #expect(!scan.isDone, "others must be found in place of these")
        _ = try await run(&scan)
        #expect(scan.found.map(\.member) == ["m1", "m3", "m4"])
    }

    @Test func cursors() throws {
        let position = IndexPosition(score: 5, member: "x")
        #expect(IndexCursor(endOf: [], after: nil) == nil)
        let first = try #require(IndexCursor(endOf: [position], after: nil))
        #expect(first.words == ["5", "x", "1"] && IndexCursor(first.words) == first)
        #expect(IndexCursor(endOf: [IndexPosition(score: 5, member: "y")], after: first)?.passed == 2)
        #expect(IndexCursor(endOf: [IndexPosition(score: 6, member: "y")], after: first)?.passed == 1)
        for words in [
            [], ["5", "x"], ["nan", "x", "1"], ["5", "x", "-1"], ["5", "x", "1", "2"], ["1e3", "x", "1"],
            ["5", "x", "9999999999"],
        ] {
            #expect(IndexCursor(words) == nil, "\(words)")
        }
    }

    @Test func wrongRepliesAreErrors() {
        var scan = IndexScan("z", .ascending, after: nil, count: 3)
        for reply in [Reply.integer(1), .array([.text("m"), .text("half")]), .array([.integer(3), .text("1")])] {
            do throws(RedisError) {
                try scan.take(reply)
                Issue.record("\(reply)")
            } catch {
                guard case .unexpected = error else { Issue.record("\(error)"); continue }
            }
        }
    }
}
