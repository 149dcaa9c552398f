import Contracts
import Redis
import Scripts
import TestSupport

/// What an operator, or Redis itself, may do to the museum at any time.
extension FaultDeployment {
    private static let streams = ["museum", "book", "confirm"]

    func subscription(_ random: inout SeededRandom) -> (stream: String, group: String) {
        let all = ServiceName.allCases.flatMap { group in group.subscriptions.map { ($0.rawValue, group.rawValue) } }
        let (source, group) = all.randomElement(using: &random)!
        return (Keys(partition: random.once(in: 2) ? "a" : "b").events(of: source), group)
    }

    func clientPause(_ random: inout SeededRandom) async throws -> Int {
        let pause = Int.random(in: 200...1500, using: &random)
        _ = try await client.send("CLIENT", "PAUSE", String(pause), random.once(in: 2) ? "WRITE" : "ALL")
        let start = ContinuousClock.now
        _ = try await client.send(Command(Script(name: "probe", source: "#!lua\nreturn 1"), keys: [], arguments: []))
        return ContinuousClock.now - start > .milliseconds(pause / 2) ? 1 : 0
    }

    func clientKill() async throws -> Int {
        var count = 0
        for server in redis.servers {
            count += try await server.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").asInteger()
        }
        return count
    }

    func scriptFlush() async throws -> Int {
        let before = try await errors("NOSCRIPT")
        for server in redis.servers { _ = try await server.send("SCRIPT", "FLUSH") }
        let injected = await happens(within: .seconds(3)) { try await errors("NOSCRIPT") > before }
        return injected ? 1 : 0
    }

    func groupDestroyed(_ random: inout SeededRandom) async throws -> Int {
        let (stream, group) = subscription(&random)
        return try await client.send("XGROUP", "DESTROY", stream, group).asInteger()
    }

    func groupSetBack(_ random: inout SeededRandom) async throws -> Int {
        let (stream, group) = subscription(&random)
        switch await client.send([Command("XGROUP", "SETID", stream, group, "0")])[0] {
        case .success: return 1
        case .failure: return 0
        }
    }

    func outOfMemory(_ random: inout SeededRandom) async throws -> Int {
        let pause = random.milliseconds(200...1500)
        return try await watchingLog(of: services, "while writes were refused") {
            let before = try await errors("OOM")
            _ = try await client.send("CONFIG", "SET", "maxmemory", "1mb")
            try await Task.sleep(for: pause)
            _ = try await client.send("CONFIG", "SET", "maxmemory", "0")
            return try await errors("OOM") - before
        }
    }

    func rightWithdrawn(_ random: inout SeededRandom) async throws -> Int {
        let user = Self.streams.randomElement(using: &random)!
        let isForEver = try await !client.send("ACL", "LOG").asArray().isEmpty
        if isForEver { throw Failed("a user lacked a right before one was withdrawn: \(try await client.send("ACL", "LOG"))") }
        return try await watchingLog(of: services, "while XADD was refused") {
            _ = try await client.send("ACL", "SETUSER", user, "-xadd")
            let injected = await happens(within: .seconds(2)) { try await !client.send("ACL", "LOG").asArray().isEmpty }
            _ = try await client.send("ACL", "SETUSER", user, "+xadd")
            // A script that was under way may still be refused.
            _ = try await client.send("ACL", "LOG", "RESET")
            return injected ? 1 : 0
        }
    }

    /// Entries that are no events; how many dead letters they come to is checked at the end.
    func poison(_ random: inout SeededRandom) async throws -> Int {
        let service = Self.streams.randomElement(using: &random)!
        let partition = random.once(in: 2) ? "a" : "b"
        let stream = Keys(partition: partition).events(of: service)
        let kinds: [(type: EventType?, fields: [Command.Argument])] = [
            (nil, ["eventType", .bytes([0xFF, 0xFE, 0x00]), "timestamp", "1"]),
            (.requested, ["eventType", "Requested"]),
            (nil, ["eventType", "Wondered", "timestamp", "1", "bookId", "a1-000000000000"]),
            (.canceled, ["eventType", "Canceled", "timestamp", "now", "bookId", "{a}*\r\n"]),
            (nil, ["eventType", .text(String(repeating: "x", count: 1 << 20)), "timestamp", "1"]),
        ]
        for (type, fields) in kinds {
            let id = try await client.send(Command(arguments: ["XADD", .text(stream), "*"] + fields)).asText()
            poisoned.update { $0.append(PoisonEntry(stream: stream, id: id, type: type)) }
        }
        return kinds.count
    }

    /// How often the servers have answered with an error of this name since they were started.
    private func errors(_ name: String) async throws -> Int {
        var sum = 0
        for server in redis.servers {
            let info = try await server.send("INFO", "errorstats").asText()
            let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("errorstat_\(name):count=") }
            sum += line.flatMap { Int($0.split(separator: "=").last ?? "") } ?? 0
        }
        return sum
    }
}
