import NIOCore
import Redis
import Scripts
import TestSupport
import Testing

/// A server of the test's own, on which scripts are run one by one and everything they write is seen.
struct ScriptFixture {
    let server: RedisServer
    let client: RedisClient
    let keys = Keys(partition: "a")

    init() async throws {
        server = try await RedisServer.start()
        // Nothing here is about time, and the machine may be busy with other tests.
        var options = RedisOptions()
        options.commandTimeout = .seconds(10)
        client = try server.client(options)
    }

    /// A script's answer: its word, and what is behind it.
    struct Answer: Equatable {
        let word: String
        let rest: [Reply]

        init(_ reply: Reply) throws(RedisError) {
            var parts = if case .array(let parts) = reply { parts } else { [reply] }
            // A batch of one.
            if parts.count == 1, case .array(let only) = parts[0] { parts = only }
            word = try (parts.first ?? .null).asText()
            rest = Array(parts.dropFirst())
        }

        /// The fields behind the word.
        func fields() throws(RedisError) -> [String: String] { try (rest.first ?? .null).asFields() }
    }

    /// The reply as it is, not as the call decodes it.
    func run(_ call: some ScriptCall) async throws(RedisError) -> Answer { try Answer(try await client.send(Command(call))) }

    /// A call put together by hand.
    func run(_ script: Script, _ keys: [String], _ arguments: [String]) async throws(RedisError) -> Answer {
        try Answer(try await client.send(Command(script, keys: keys, arguments: arguments)))
    }

    /// Many calls in one go, at most 300 at a time.
    func run(_ commands: [Command]) async throws(RedisError) -> [Answer] {
        var answers: [Answer] = []
        for start in stride(from: 0, to: commands.count, by: 300) {
            for result in await client.send(Array(commands[start..<min(start + 300, commands.count)])) {
                answers.append(try Answer(try result.get()))
            }
        }
        return answers
    }

    func fields(_ key: String) async throws(RedisError) -> [String: String] { try await client.send("HGETALL", key).asFields() }

    /// A sorted set, with its scores as text.
    func scores(_ key: String) async throws(RedisError) -> [String: String] {
        try await client.send("ZRANGE", key, "0", "-1", "WITHSCORES").asFields()
    }

    /// The id of Museum's last event, and the moment in it.
    func lastMuseumEvent() async throws -> (id: String, ms: Int) {
        let last = try await client.send("XREVRANGE", museumEvents, "+", "-", "COUNT", "1").asArray()
        let id = try (try last[0].asArray()[0]).asText()
        return (id, try #require(id.split(separator: "-").first.flatMap { Int($0) }))
    }

    /// The fields of a service's events, oldest first.
    func events(of service: String = "museum") async throws(RedisError) -> [[String: String]] {
        var events: [[String: String]] = []
        for entry in try await client.send("XRANGE", keys.events(of: service), "-", "+").asArray() {
            events.append(try entry.asArray()[1].asFields())
        }
        return events
    }
}
