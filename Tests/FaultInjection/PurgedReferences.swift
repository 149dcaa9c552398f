import Redis
import TestSupport

/// Where exhibitions that are purged are still named: in a key, a field, a value, a member or an event.
struct PurgedReferences {
    private let ids: Set<String>
    /// Exhibition ids, with the keys that name them.
    private(set) var keys: [String: Set<String>] = [:]

    /// What stays for good, or for an hour, and names exhibitions by number only.
    private static let kept = [":purged", ":moved"]

    init(of ids: Set<String>, in client: RedisClient) async throws {
        self.ids = ids
        if ids.isEmpty { return }
        var cursor = "0"
        repeat {
            let reply = try await client.send("SCAN", cursor, "COUNT", "1000").asArray()
            cursor = try reply[0].asText()
            for key in try reply[1].asTexts() where !Self.kept.contains(where: key.hasSuffix) {
                for part in key.split(separator: ":") { note(String(part), key) }
                try await read(key, client)
            }
        } while cursor != "0"
    }

    private mutating func read(_ key: String, _ client: RedisClient) async throws {
        switch try await client.send("TYPE", key).asText() {
        case "hash": note(try await client.send("HGETALL", key), key)
        case "set": note(try await client.send("SMEMBERS", key), key)
        case "zset": note(try await client.send("ZRANGE", key, "0", "-1"), key)
        case "stream":
            var after = "-"
            while true {
                let entries = try await client.send("XRANGE", key, after, "+", "COUNT", "1000").asArray()
                for entry in entries {
                    let parts = try entry.asArray()
                    after = "(" + (try parts[0].asText())
                    note(parts[1], key)
                }
                if entries.count < 1000 { return }
            }
        default: return
        }
    }

    private mutating func note(_ reply: Reply, _ key: String) {
        switch reply {
        case .array(let elements): for element in elements { note(element, key) }
        case .text(let text): note(text, key)
        default: return
        }
    }

    /// An exhibition is named by its id, its bookings by ids that begin with it.
    private mutating func note(_ text: String, _ key: String) {
        guard text.utf8.count <= 64 else { return }
        let id = String(text.prefix { $0 != "-" && $0 != " " })
        if ids.contains(id) { keys[id, default: []].insert(key) }
    }
}
