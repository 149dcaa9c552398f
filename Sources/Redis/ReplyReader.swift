import CHiredis

/// Parses RESP2 incrementally with hiredis' reader.
///
/// Owns a C object that has no locks. Use it from one thread at a time.
struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>
    private let allowance: UnsafeMutablePointer<Allowance>
    private let elementsLimit: Int
    private var unparsed = 0

    /// Most bytes of one unfinished reply: above what any of our reads returns.
    static let unparsedLimit = 256 << 20
    /// Most elements in one reply, nested ones counted. hiredis allocates them as soon as it has read how many there shall be.
    static let elementsLimit = 4 << 20
    /// Longest line. hiredis looks for a line's end from its beginning each time that bytes come: quadratic time.
    static let lineLimit = 64 << 10

    /// What hiredis' own functions may still allocate for the reply being read.
    private struct Allowance {
        let usual: redisReplyObjectFunctions
        var bounded: redisReplyObjectFunctions
        var elements: Int
    }

    init(elementsLimit: Int = Self.elementsLimit) {
        guard let reader = redisReaderCreate() else { preconditionFailure("out of memory") }
        self.reader = reader
        self.elementsLimit = elementsLimit
        let usual = reader.pointee.fn.pointee
        allowance = .allocate(capacity: 1)
        allowance.initialize(to: Allowance(usual: usual, bounded: usual, elements: elementsLimit))
        allowance.pointee.bounded.createArray = { task, count in
            guard let allowance = task?.pointee.privdata?.assumingMemoryBound(to: Allowance.self) else { return nil }
            allowance.pointee.elements -= Int(count)
            return allowance.pointee.elements < 0 ? nil : allowance.pointee.usual.createArray(task, count)
        }
        reader.pointee.privdata = UnsafeMutableRawPointer(allowance)
        withUnsafeMutablePointer(to: &allowance.pointee.bounded) { reader.pointee.fn = $0 }
    }

    deinit {
        redisReaderFree(reader)
        allowance.deallocate()
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
                allowance.pointee.elements = elementsLimit
            }
            guard !isLineEndless else { throw .unexpected("a line over \(Self.lineLimit) bytes") }
        }
        return replies
    }

    private func next() throws(RedisError) -> Reply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw protocolError }
        guard let object else { return nil }
        defer { freeReplyObject(object) }
        return Reply(object.assumingMemoryBound(to: redisReply.self).pointee)
    }

    /// Whether an incomplete line is over the limit. An incomplete bulk string has its length line at the front of the buffer.
    private var isLineEndless: Bool {
        let (from, length) = (reader.pointee.pos, reader.pointee.len)
        guard length - from > Self.lineLimit else { return false }
        return !UnsafeBufferPointer(start: reader.pointee.buf + from, count: Self.lineLimit).contains(0x0A)
    }

    private var protocolError: RedisError {
        if allowance.pointee.elements < 0 { return .unexpected("a reply of over \(elementsLimit) elements") }
        return .unexpected(withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
}

extension Reply {
    fileprivate init(_ reply: redisReply) {
        switch reply.type {
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_NIL: self = .null
        case REDIS_REPLY_ERROR: self = .error(String(decoding: reply.bytes, as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(start: reply.element, count: Int(reply.elements))
            self = .array(elements.map { $0.map { Reply($0.pointee) } ?? .null })
        default:
            self = String(validating: reply.bytes, as: UTF8.self).map { .text($0) } ?? .bytes(Array(reply.bytes))
        }
    }
}

extension redisReply {
    fileprivate var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: str, count: len) }
}
