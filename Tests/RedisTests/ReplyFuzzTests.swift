import Foundation
import TestSupport
import Testing

@testable import Redis

/// Whatever bytes come: no crash, no hang, no more memory than a bound; and what was whole before the fault is what was sent.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ReplyFuzzTests {
    /// What came out, and whether the reader has given up.
    private struct Outcome: Equatable {
        var replies: [Reply] = []
        var isBroken = false
    }

    private func read(_ pieces: [ArraySlice<UInt8>]) throws -> Outcome {
        var reader = ReplyReader()
        var outcome = Outcome()
        for piece in pieces {
            do {
                outcome.replies += try piece.withUnsafeBytes { try reader.feed($0) }
                // Given up once is given up for good.
                if outcome.isBroken { throw RedisError.server("it went on") }
            } catch {
                guard case .unexpected = error as? RedisError else { throw error }
                outcome.isBroken = true
            }
        }
        return outcome
    }

    @Test func validRepliesRoundTrip() throws {
        let seed = Seed.another
        var maker = ReplyMaker(seed: SeededRandom(seed: seed))
        for _ in 0..<30_000 {
            let replies = (0...maker.seed.below(3)).map { _ in maker.reply() }
            var bytes: [UInt8] = []
            for reply in replies { maker.encode(reply, into: &bytes) }
            try #require(try read(maker.pieces(bytes)) == Outcome(replies: replies), "FUZZ_SEED=\(seed)")
        }
    }

    @Test func whatIsSpoilt() throws {
        let seed = Seed.another
        var maker = ReplyMaker(seed: SeededRandom(seed: seed))
        var broken = 0
        let memory = try memory {
            for _ in 0..<70_000 where try isBroken(by: &maker, "FUZZ_SEED=\(seed)") { broken += 1 }
        }
        #expect(broken > 20_000, "the spoiling spoils: \(broken)")
        #expect(memory < 64 << 20, "FUZZ_SEED=\(seed)")
    }

    /// Spoils some replies and reads them.
    private func isBroken(by maker: inout ReplyMaker, _ seed: Comment) throws -> Bool {
        let replies = (0...maker.seed.below(3)).map { _ in maker.reply(depth: 3) }
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for reply in replies {
            maker.encode(reply, into: &bytes)
            ends.append(bytes.count)
        }
        let untouched = maker.spoil(&bytes)
        let whole = ends.prefix { $0 <= untouched }.count
        let outcome = try read(maker.pieces(bytes))
        let same = min(whole, outcome.replies.count)
        try #require(outcome.replies.prefix(same) == replies.prefix(same), seed)
        try #require(same == whole || outcome.isBroken, seed)
        try #require(outcome.replies.count <= bytes.count / 3, seed)
        // However it is cut, it means the same.
        if maker.seed.once(in: 4) {
            let other = try read(bytes.indices.map { bytes[$0...$0] })
            let both = min(other.replies.count, outcome.replies.count)
            try #require(other.isBroken == outcome.isBroken, seed)
            try #require(other.replies.prefix(both) == outcome.replies.prefix(both), seed)
            try #require(other.isBroken || other == outcome, seed)
        }
        return outcome.isBroken
    }

    /// What would cost most: arrays announced and not sent, lines and strings without end.
    @Test(arguments: [
        "*2147483647\r\n", "*4194305\r\n", String(repeating: "*2000000\r\n", count: 7), "*4000000\r\n*2147483647\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
    ])
    func arraysThatNeverCome(_ text: String) throws {
        var time = Duration.zero
        let memory = try memory {
            time = try Stopwatch.cpuTime {
                for _ in 0..<10 { try #require(try read([Array(text.utf8)[...]]).isBroken) }
            }
        }
        #expect(time < .seconds(1))
        #expect(memory < 64 << 20)
    }

    @Test func asManyElementsAsAllowed() throws {
        let count = 300_000
        let bytes = Array(("*\(count)\r\n" + String(repeating: ":1\r\n", count: count)).utf8)
        #expect(try read([bytes[...], bytes[...]]).replies.map(\.elements) == [count, count])
        // The allowance is each reply's, not the connection's.
        var small = ReplyReader(elementsLimit: 6)
        let fit = Array("*2\r\n*2\r\n:1\r\n:2\r\n*2\r\n:3\r\n:4\r\n".utf8)
        for _ in 0..<4 { #expect(try fit.withUnsafeBytes { try small.feed($0) }.count == 1) }
        #expect(throws: RedisError.unexpected("a reply of over 6 elements")) {
            try Array("*2\r\n*2\r\n:1\r\n:2\r\n*3\r\n".utf8).withUnsafeBytes { _ = try small.feed($0) }
        }
        var reader = ReplyReader()
        let large = Array("*4194304\r\n".utf8)
        #expect(try large.withUnsafeBytes { try reader.feed($0) } == [])
    }

    @Test(arguments: ["+", "-", ":", "*", "$", "*1\r\n+"])
    func linesWithoutEnd(_ beginning: String) throws {
        let time = Stopwatch.cpuTime {
            #expect(throws: RedisError.unexpected("a line over \(ReplyReader.lineLimit) bytes")) {
                try feed(beginning, thenMegabytes: 250)
            }
        }
        #expect(time < .milliseconds(500))
    }

    private func feed(_ beginning: String, thenMegabytes count: Int) throws {
        var reader = ReplyReader()
        let endless = [UInt8](repeating: 0x31, count: 1 << 20)
        try Array(beginning.utf8).withUnsafeBytes { _ = try reader.feed($0) }
        for _ in 0..<count { try endless.withUnsafeBytes { _ = try reader.feed($0) } }
    }

    /// In pieces of one byte a line is looked through from its beginning each time: what the limit still allows.
    @Test func theLongestLineByteByByte() throws {
        let text = String(repeating: "x", count: ReplyReader.lineLimit - 2)
        let bytes = Array("+\(text)\r\n".utf8)
        let time = try Stopwatch.cpuTime {
            let outcome = try read(bytes.indices.map { bytes[$0...$0] })
            #expect(outcome == Outcome(replies: [.text(text)]))
        }
        #expect(time < .seconds(5))
    }

    @Test func aStringWithoutEnd() throws {
        var time = Duration.zero
        let memory = try memory {
            time = Stopwatch.cpuTime {
                #expect(throws: RedisError.unexpected("a reply over \(ReplyReader.unparsedLimit) bytes")) {
                    try feed("$2147483647\r\n", thenMegabytes: 257)
                }
            }
        }
        #expect(time < .seconds(5))
        #expect(memory > 250 << 20 && memory < ReplyReader.unparsedLimit + 64 << 20, "\(memory)")
    }

    /// How much memory the process had at most during the work beyond what it had before, in bytes.
    private func memory(_ work: () throws -> Void) throws -> Int {
        // Sets the peak back to what is used now.
        try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        let before = try peakMemory()
        try work()
        return try peakMemory() - before
    }

    private func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let number = try #require(line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
        return number << 10
    }
}

extension Reply {
    fileprivate var elements: Int { if case .array(let elements) = self { elements.count } else { 0 } }
}
