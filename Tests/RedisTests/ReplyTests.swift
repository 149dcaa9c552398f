import Redis
import Testing

/// A reply as what was due, or a refusal to guess.
struct ReplyTests {
    @Test func asWhatItIs() throws {
        #expect(try Reply.text("a").asText() == "a")
        #expect(try Reply.null.asOptionalText() == nil)
        #expect(try Reply.text("a").asOptionalText() == "a")
        #expect(try Reply.integer(-3).asInteger() == -3)
        #expect(try Reply.text("12").asInteger() == 12)
        #expect(try Reply.null.asArray() == [])
        #expect(try Reply.array([.text("a"), .text("b")]).asTexts() == ["a", "b"])
        #expect(try Reply.array([.text("a"), .text("1")]).asFields() == ["a": "1"])
        #expect(try Reply.array([]).asFields() == [:])
        let pairs = try Reply.array([.text("b"), .integer(1), .text("a"), .null]).asPairs()
        #expect(pairs.map(\.name) == [.text("b"), .text("a")])
        #expect(pairs.map(\.value) == [.integer(1), .null])
    }

    @Test(arguments: [Reply.integer(1), .null, .array([]), .bytes([0xFF]), .error("ERR")])
    func noText(_ reply: Reply) {
        #expect(throws: RedisError.self) { try reply.asText() }
    }

    @Test(arguments: [Reply.text("1.5"), .text(""), .null, .array([]), .bytes([0x31]), .error("ERR")])
    func noNumber(_ reply: Reply) {
        #expect(throws: RedisError.self) { try reply.asInteger() }
    }

    @Test func aListOfOddLengthIsNoListOfPairs() {
        #expect(throws: RedisError.self) { try Reply.array([.text("a")]).asPairs() }
        #expect(throws: RedisError.self) { try Reply.array([.text("a"), .integer(1)]).asFields() }
        #expect(throws: RedisError.self) { try Reply.text("a").asArray() }
        #expect(throws: RedisError.self) { try Reply.array([.bytes([0xFF])]).asTexts() }
    }
}
