import Contracts
import Redis
import Scripts
import TestSupport

/// All that is in Redis at the end, and all events.
struct History {
    struct Logged {
        let stream: String
        let id: String
        let event: Event
    }

    private(set) var hashes: [String: [String: String]] = [:]
    private(set) var events: [Logged] = []
    /// Ids of entries that are no events, by stream.
    private(set) var noEvents: [String: Set<String>] = [:]
    /// What became a dead letter, `stream id` by group.
    private(set) var deadLetters: [String: Set<String>] = [:]

    /// - Parameter primaries: clients of each server that holds keys.
    init(_ client: RedisClient, primaries: [RedisClient]) async throws {
        let partitions = try await client.send("SMEMBERS", Keys.partitions).asTexts().sorted()
        for primary in primaries { try await readHashes(primary) }
        for partition in partitions {
            let keys = Keys(partition: partition)
            for service in ["museum", "book", "confirm"] { try await readEvents(client, keys.events(of: service)) }
            for group in ServiceName.allCases { try await readDead(client, group, keys) }
        }
    }

    private mutating func readHashes(_ client: RedisClient) async throws {
        var cursor = "0"
        repeat {
            let reply = try await client.send("SCAN", cursor, "COUNT", "1000", "TYPE", "hash").asArray()
            cursor = try reply[0].asText()
            let keys = try reply[1].asTexts()
            for (key, result) in zip(keys, await client.send(keys.map { Command("HGETALL", $0) })) {
                hashes[key] = try result.get().asFields()
            }
        } while cursor != "0"
    }

    private mutating func readEvents(_ client: RedisClient, _ stream: String) async throws {
        var after = "-"
        while true {
            let entries = try await client.send("XRANGE", stream, after, "+", "COUNT", "1000").asArray()
            for entry in entries {
                let parts = try entry.asArray()
                let id = try parts[0].asText()
                after = "(" + id
                guard let fields = try? parts[1].asFields(), let event = try? Event(fields: fields) else {
                    noEvents[stream, default: []].insert(id)
                    continue
                }
                events.append(Logged(stream: stream, id: id, event: event))
            }
            if entries.count < 1000 { return }
        }
    }

    private mutating func readDead(_ client: RedisClient, _ group: ServiceName, _ keys: Keys) async throws {
        for entry in try await client.send("XRANGE", keys.deadLetters(of: group.rawValue), "-", "+").asArray() {
            var (service, id) = ("", "")
            for (name, value) in try entry.asArray()[1].asPairs() {
                guard case .text(let name) = name, case .text(let value) = value else { continue }
                if name == "service", service.isEmpty { service = value }
                if name == "eventId", id.isEmpty { id = value }
            }
            deadLetters[group.rawValue, default: []].insert("\(keys.events(of: service)) \(id)")
        }
    }
}
