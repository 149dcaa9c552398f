import Redis
import Testing

/// Everything a server holds, and how many writes it has counted: equal before and after what writes nothing at all.
struct Dump: Equatable {
    /// Each key's type, time to live and content, sorted where Redis keeps no order.
    let keys: [String: [String]]
    /// Redis counts here what leaves no trace too, such as a field that is set to what it was.
    let writes: Int

    init(_ client: RedisClient) async throws {
        var keys: [String: [String]] = [:]
        for key in try await client.send("KEYS", "*").asTexts() {
            let type = try await client.send("TYPE", key).asText()
            keys[key] = [type, "\(try await client.send("PTTL", key))"] + (try await Self.content(of: key, type, client))
        }
        self.keys = keys
        let info = try await client.send("INFO", "persistence").asText()
        let line = try #require(info.split(separator: "\r\n").first { $0.hasPrefix("rdb_changes_since_last_save:") })
        writes = try #require(Int(line.drop { $0 != ":" }.dropFirst()))
    }

    private static func content(of key: String, _ type: String, _ client: RedisClient) async throws -> [String] {
        switch type {
        case "string": return [try await client.send("GET", key).asText()]
        case "hash": return try await client.send("HGETALL", key).asPairs().map { "\($0.name) \($0.value)" }.sorted()
        case "set": return try await client.send("SMEMBERS", key).asTexts().sorted()
        case "zset": return try await client.send("ZRANGE", key, "0", "-1", "WITHSCORES").asTexts()
        case "list": return try await client.send("LRANGE", key, "0", "-1").asTexts()
        case "stream":
            return [
                "\(try await client.send("XRANGE", key, "-", "+"))", "\(try await client.send("XINFO", "STREAM", key, "FULL"))",
            ]
        default: throw RedisError.unexpected("a key of type \(type)")
        }
    }
}

extension ScriptFixture {
    /// Runs what has to write nothing, neither to any key nor unseen.
    func silently<Value: Sendable>(
        _ what: Comment? = nil, location: SourceLocation = #_sourceLocation, _ body: () async throws -> Value
    ) async throws -> Value {
        let before = try await Dump(client)
        let value = try await body()
        let after = try await Dump(client)
        #expect(before == after, what, sourceLocation: location)
        return value
    }

    /// Runs a script that has to answer with the word and write nothing, twice.
    @discardableResult
    func skips(
        _ word: String, location: SourceLocation = #_sourceLocation, _ body: () async throws -> Answer
    ) async throws -> Answer {
        let first = try await silently("\(word) writes nothing", location: location, body)
        let second = try await silently("\(word) writes nothing the second time", location: location, body)
        #expect(first.word == word, sourceLocation: location)
        #expect(second == first, sourceLocation: location)
        return first
    }
}
