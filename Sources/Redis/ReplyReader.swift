import CHiredis

/// hiredis' parser: bytes in as they come, whole replies out.
///
/// Owns a C object that knows no locks; whoever owns the reader must stay on one thread at a time.
struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>
    private var unparsed = 0

    /// Most bytes of one unfinished reply. Above what any of our reads returns; a line without end costs hiredis quadratic time.
    static let unparsedLimit = 256 << 20

    init() {
        guard let reader = redisReaderCreate() else { preconditionFailure("out of memory") }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

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
            }
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

    private var protocolError: RedisError {
        .unexpected(withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
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
