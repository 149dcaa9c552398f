import CHiredis

/// Parses RESP2 incrementally with hiredis' reader.
///
/// Owns a C object that has no locks. Use it from one thread at a time.
struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>
    private let parsing: UnsafeMutablePointer<Parsing>
    private let elementsLimit: Int
    private var unparsed = 0

    /// Most bytes of one unfinished reply: above what any of our reads returns.
    static let unparsedLimit = 256 << 20
    /// Most elements in one reply, nested ones counted.
    static let elementsLimit = 4 << 20
    /// Longest line. hiredis looks for a line's end from its beginning each time that bytes come: quadratic time.
    static let lineLimit = 64 << 10

    /// What hiredis is given: its functions, and what they work on.
    private struct Parsing {
        var functions: redisReplyObjectFunctions
        var builder: ReplyBuilder
    }

    init(elementsLimit: Int = Self.elementsLimit) {
        self.elementsLimit = elementsLimit
        parsing = .allocate(capacity: 1)
        parsing.initialize(to: Parsing(functions: ReplyBuilder.functions, builder: ReplyBuilder(elementsLeft: elementsLimit)))
        guard let reader = withUnsafeMutablePointer(to: &parsing.pointee.functions, { redisReaderCreateWithFunctions($0) }) else {
            preconditionFailure("out of memory")
        }
        self.reader = reader
        reader.pointee.privdata = withUnsafeMutablePointer(to: &parsing.pointee.builder) { UnsafeMutableRawPointer($0) }
    }

    deinit {
        redisReaderFree(reader)
        parsing.deinitialize(count: 1)
        parsing.deallocate()
    }

    /// Takes in bytes and returns the replies they complete.
    /// - Throws: ``RedisError/unexpected(_:)`` for bytes that are no RESP2; the reader is of no more use then.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) -> [Reply] {
        var replies: [Reply] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            // hiredis parses 27 million replies a second from small pieces and 20 times fewer from one of 4 MB.
            let piece = rest.prefix(64 << 10)
            rest = rest.dropFirst(piece.count)
            unparsed += piece.count
            guard unparsed <= Self.unparsedLimit else { throw .unexpected("a reply over \(Self.unparsedLimit) bytes") }
            let base = UnsafeRawBufferPointer(rebasing: piece).assumingMemoryBound(to: CChar.self).baseAddress
            guard redisReaderFeed(reader, base, piece.count) == REDIS_OK else { throw protocolError }
            while let reply = try next() {
                replies.append(reply)
                unparsed = 0
                parsing.pointee.builder.elementsLeft = elementsLimit
            }
            guard !isLineEndless else { throw .unexpected("a line over \(Self.lineLimit) bytes") }
        }
        return replies
    }

    private func next() throws(RedisError) -> Reply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw protocolError }
        return parsing.pointee.builder.takeReply()
    }

    /// Whether an incomplete line is over the limit. An incomplete bulk string has its length line at the front of the buffer.
    private var isLineEndless: Bool {
        let (from, length) = (reader.pointee.pos, reader.pointee.len)
        guard length - from > Self.lineLimit else { return false }
        return !UnsafeBufferPointer(start: reader.pointee.buf + from, count: Self.lineLimit).contains(0x0A)
    }

    private var protocolError: RedisError {
        if parsing.pointee.builder.elementsLeft < 0 { return .unexpected("a reply of over \(elementsLimit) elements") }
        return .unexpected(withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
}

/// Makes the replies that hiredis reads. It calls the functions in the order in which the values are written: an array first,
/// then each of its elements.
private struct ReplyBuilder {
    /// Arrays that are still being read, the innermost last.
    private var arrays: [(elements: [Reply], count: Int)] = []
    private var reply: Reply?
    /// How many more the arrays of one reply may announce.
    var elementsLeft: Int

    init(elementsLeft: Int) { self.elementsLeft = elementsLeft }

    mutating func takeReply() -> Reply? {
        defer { reply = nil }
        return reply
    }

    mutating func begin(arrayOf count: Int) -> Bool {
        elementsLeft -= count
        guard elementsLeft >= 0 else { return false }
        guard count > 0 else { return add(.array([])) }
        var elements: [Reply] = []
        // More may be announced than ever comes.
        elements.reserveCapacity(min(count, 1024))
        arrays.append((elements, count))
        return true
    }

    mutating func add(_ value: consuming Reply) -> Bool {
        guard !arrays.isEmpty else {
            reply = value
            return true
        }
        let last = arrays.count - 1
        arrays[last].elements.append(value)
        guard arrays[last].elements.count == arrays[last].count else { return true }
        return add(.array(arrays.removeLast().elements))
    }

    fileprivate static func string(of bytes: UnsafeRawBufferPointer) -> Reply {
        // Most are ASCII, and finding that out costs a quarter of validating.
        if bytes.reduce(0, |) < 0x80 { return .text(String(decoding: bytes, as: UTF8.self)) }
        return String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .bytes(Array(bytes))
    }

    /// hiredis takes a null pointer for a failure and frees nothing without a function for it.
    static var functions: redisReplyObjectFunctions {
        redisReplyObjectFunctions(
            createString: { task, start, count in
                let bytes = UnsafeRawBufferPointer(start: start, count: count)
                if task?.pointee.type == REDIS_REPLY_ERROR {
                    return withBuilder(of: task) { $0.add(.error(String(decoding: bytes, as: UTF8.self))) }
                }
                return withBuilder(of: task) { $0.add(ReplyBuilder.string(of: bytes)) }
            },
            createArray: { task, count in withBuilder(of: task) { $0.begin(arrayOf: Int(count)) } },
            createInteger: { task, integer in withBuilder(of: task) { $0.add(.integer(integer)) } },
            createNil: { task in withBuilder(of: task) { $0.add(.null) } },
            freeObject: nil)
    }
}

/// - Returns: what hiredis takes for the value that it has asked for; `nil` if that was refused.
private func withBuilder(of task: UnsafePointer<redisReadTask>?, _ change: (inout ReplyBuilder) -> Bool)
    -> UnsafeMutableRawPointer?
{
    guard let builder = task?.pointee.privdata else { return nil }
    return change(&builder.assumingMemoryBound(to: ReplyBuilder.self).pointee) ? builder : nil
}
