import Testing

@testable import Redis

/// Bytes in as they come, whole replies out.
struct ReplyReaderTests {
    /// Feeds the bytes in pieces of a size.
    private func read(_ bytes: [UInt8], pieces size: Int = .max) throws -> [Reply] {
        var reader = ReplyReader()
        var replies: [Reply] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(size))
            rest = rest.dropFirst(piece.count)
            replies += try piece.withUnsafeBytes { pointer throws(RedisError) in try reader.feed(pointer) }
        }
        return replies
    }

    private func read(_ text: String, pieces size: Int = .max) throws -> [Reply] { try read(Array(text.utf8), pieces: size) }

    @Test(arguments: [
        ("+OK\r\n", Reply.text("OK")), ("+\r\n", .text("")), (":0\r\n", .integer(0)), (":-7\r\n", .integer(-7)),
        (":9223372036854775807\r\n", .integer(.max)), ("$3\r\nabc\r\n", .text("abc")), ("$0\r\n\r\n", .text("")),
        ("$4\r\n\r\n\r\n\r\n", .text("\r\n\r\n")), ("$10\r\n달 항아\r\n", .text("달 항아")), ("$-1\r\n", .null), ("*-1\r\n", .null),
        ("*0\r\n", .array([])), ("-ERR no\r\n", .error("ERR no")),
        ("*4\r\n:1\r\n$-1\r\n-ERR in\r\n*1\r\n+x\r\n", .array([.integer(1), .null, .error("ERR in"), .array([.text("x")])])),
    ])
    func eachType(_ bytes: String, _ reply: Reply) throws {
        #expect(try read(bytes) == [reply])
        #expect(try read(bytes, pieces: 1) == [reply])
    }

    /// What XREADGROUP answers: streams, each with its name and entries, each with id and fields.
    private static let streams = """
        *2\r\n*2\r\n$6\r\nmuseum\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$0\r\n\r\n*2\r\n$3\r\n1-1\r\n$-1\r\n\
        *2\r\n$4\r\nbook\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nc\r\n$3\r\n\u{D55C}\r\n
        """

    @Test func nestedArraysAreRead() throws {
        let expected = Reply.array([
            .array([
                .text("museum"),
                .array([
                    .array([.text("1-0"), .array([.text("a"), .text("1"), .text("b"), .text("")])]),
                    .array([.text("1-1"), .null]),
                ]),
            ]),
            .array([.text("book"), .array([.array([.text("2-0"), .array([.text("c"), .text("한")])])])]),
        ])
        #expect(try read(Self.streams) == [expected])
    }

    @Test(arguments: [1, 2, 3, 7, 64])
    func piecesAreTheSameAsTheWhole(size: Int) throws {
        let text = Self.streams + "+OK\r\n:5\r\n$-1\r\n" + Self.streams + "$5\r\nab\r\nc\r\n*0\r\n"
        let whole = try read(text)
        #expect(whole.count == 7)
        #expect(try read(text, pieces: size) == whole)
    }

    @Test func anIncompleteReplyIsNotReturned() throws {
        let bytes = Array(Self.streams.utf8)
        for length in 0..<bytes.count { #expect(try read(Array(bytes.prefix(length))) == []) }
    }

    @Test func bytesThatAreNotUTF8AreKept() throws {
        #expect(try read([0x24, 0x33, 0x0D, 0x0A, 0xFF, 0x00, 0xFE, 0x0D, 0x0A]) == [.bytes([0xFF, 0, 0xFE])])
        #expect(try read([0x24, 0x33, 0x0D, 0x0A, 0x61, 0x00, 0x62, 0x0D, 0x0A]) == [.text("a\0b")])
    }

    @Test func aLargeReplyIsRead() throws {
        let text = String(repeating: "한", count: 1 << 20)
        let bytes = "+A\r\n$\(text.utf8.count)\r\n\(text)\r\n+B\r\n"
        #expect(try read(bytes) == [.text("A"), .text(text), .text("B")])
        #expect(try read(bytes, pieces: 4099) == [.text("A"), .text(text), .text("B")])
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "x\r\n", "\r\n", "\0", ":abc\r\n", ":1x\r\n", ":\r\n", "$x\r\n", "$-2\r\n", "*x\r\n",
        "*-2\r\n",
        "*1\r\nx\r\n", "+OK\r\nx\r\n",
    ])
    func garbage(_ bytes: String) {
        #expect { try read(bytes) } throws: { if case RedisError.unexpected = $0 { true } else { false } }
        #expect { try read(bytes, pieces: 1) } throws: { if case RedisError.unexpected = $0 { true } else { false } }
    }
}
